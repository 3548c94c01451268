package main

import (
	"os"
	"strings"
	"testing"
)

// TestRoutingCommandsOfTheDocuments: every command line that the documents show is one that there is, with flags that it has.
func TestRoutingCommandsOfTheDocuments(t *testing.T) {
	t.Parallel()
	for file, least := range map[string]int{"../../docs/routing.md": 9, "../../docs/routing.zh-CN.md": 11} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := 0
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "paymux routing ") {
				continue
			}
			lines++
			line, _, _ = strings.Cut(line, "  #")
			words := quotedFields(strings.TrimSpace(line))
			c := &cli{env: func(string) string { return "" }}
			cmd, rest, err := c.root().Find(words[1:])
			if err != nil || cmd.Name() == "routing" {
				t.Errorf("%s: %s: %v", file, line, err)
				continue
			}
			if err := cmd.ParseFlags(rest); err != nil {
				t.Errorf("%s: %s: %v", file, line, err)
				continue
			}
			if err := cmd.Args(cmd, cmd.Flags().Args()); err != nil {
				t.Errorf("%s: %s: %v", file, line, err)
			}
		}
		if lines < least {
			t.Errorf("%s shows %d commands", file, lines)
		}
	}
}

// quotedFields splits a command line as a shell does, as far as the documents go.
func quotedFields(line string) (words []string) {
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}
