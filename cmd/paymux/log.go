package main

import (
	"context"
	"io"
	"log/slog"
)

// newLogger writes to w as the configuration says.
func newLogger(w io.Writer, conf LogConfig) *slog.Logger {
	var level slog.Level
	// check has seen that the word is a level.
	_ = level.UnmarshalText([]byte(conf.Level))
	options := &slog.HandlerOptions{Level: level}
	if conf.Format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// errorsOnly drops what is not at least a warning.
func errorsOnly(log *slog.Logger) *slog.Logger { return slog.New(louder{log.Handler()}) }

type louder struct{ slog.Handler }

func (l louder) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && l.Handler.Enabled(ctx, level)
}

func (l louder) WithAttrs(attrs []slog.Attr) slog.Handler { return louder{l.Handler.WithAttrs(attrs)} }

func (l louder) WithGroup(name string) slog.Handler { return louder{l.Handler.WithGroup(name)} }
