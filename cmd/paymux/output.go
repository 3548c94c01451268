package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// say writes one line of the catalogue to standard output.
func (c *cli) say(key string, args ...any) { fmt.Fprintln(c.out, c.textf(key, args...)) }

// show writes v as indented JSON where -o json was given, and otherwise calls text.
func (c *cli) show(v any, text func()) error {
	if c.format != "json" {
		text()
		return nil
	}
	enc := json.NewEncoder(c.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

type colour string

const (
	red   colour = "\x1b[31m"
	green colour = "\x1b[32m"
	faint colour = "\x1b[2m"
	plain colour = "\x1b[0m"
)

// paint colours text for a terminal that wants colours (https://no-color.org).
func (c *cli) paint(with colour, text string) string {
	if c.env("NO_COLOR") != "" || c.env("TERM") == "dumb" || !isTerminal(c.out) {
		return text
	}
	return string(with) + text + string(plain)
}

// isTerminal reports whether w is a character device.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
