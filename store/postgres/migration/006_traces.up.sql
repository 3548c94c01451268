-- The traceparent of what caused a task, which its attempts continue; empty for none. Nobody searches for it.
ALTER TABLE tasks ADD COLUMN trace text NOT NULL DEFAULT '';
ALTER TABLE buried ADD COLUMN trace text NOT NULL DEFAULT '';
