package main

import (
	"strings"

	"github.com/paymux/paymux/internal/spelling"
)

// nearest finds the word most like a mistyped one, or nothing where none is near.
func nearest(word string, among []string) string {
	best, least := "", len(word)/3+2
	for _, candidate := range among {
		if d := spelling.Distance(strings.ToLower(word), candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}
