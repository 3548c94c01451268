package main

import (
	"fmt"
	"strings"
)

// lang is a column of the catalogue.
type lang int

const (
	english lang = iota
	chinese
)

// chooseLang follows --lang, then PAYMUX_LANG, then the locale. It looks at the arguments
// itself: the language is needed before they can be parsed.
func chooseLang(args []string, env func(string) string) lang {
	for i, a := range args {
		if value, ok := strings.CutPrefix(a, "--lang="); ok {
			return langOf(value)
		}
		if a == "--lang" && i+1 < len(args) {
			return langOf(args[i+1])
		}
	}
	for _, name := range []string{"PAYMUX_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := env(name); value != "" {
			return langOf(value)
		}
	}
	return english
}

func langOf(tag string) lang {
	if strings.HasPrefix(strings.ToLower(tag), "zh") {
		return chinese
	}
	return english
}

// text is an entry of the catalogue in the user's language. An entry that is
// missing shows its key; a test keeps that from happening.
func (c *cli) text(key string) string {
	entry, ok := catalogue[key]
	if !ok {
		return key
	}
	return entry[c.lang]
}

func (c *cli) textf(key string, args ...any) string { return fmt.Sprintf(c.text(key), args...) }
