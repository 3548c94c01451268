package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paymux/paymux/channel/channeltest"
)

// unchecked begins the notes of the suite about what it had no means to check.
const unchecked = "not checked: "

// showReport prints a tree: what passed, what failed and why, what was not checked and why not.
func (c *cli) showReport(r *channeltest.Report) {
	fmt.Fprintln(c.out, r.Name)
	for _, part := range r.Parts {
		c.showPart(part, "  ")
	}
	parts, failed := r.Count()
	fmt.Fprintln(c.out)
	c.say("channel.test.summary", parts, failed, countUnchecked(r))
}

func (c *cli) showPart(r *channeltest.Report, indent string) {
	mark := c.paint(green, "✓")
	switch {
	case r.Failed:
		mark = c.paint(red, "✗")
	case len(r.Parts) == 0 && slices.ContainsFunc(r.Notes, isUnchecked):
		mark = c.paint(faint, "–")
	}
	fmt.Fprintf(c.out, "%s%s %s\n", indent, mark, c.partTitle(r.Name))
	indent += "  "
	for _, fault := range r.Faults {
		c.showLines(indent+c.paint(red, "! "), indent+"  ", fault)
	}
	for _, note := range r.Notes {
		if why, ok := strings.CutPrefix(note, unchecked); ok {
			note = c.text("channel.test.unchecked") + " " + why
		}
		c.showLines(indent+c.paint(faint, "– "), indent+"  ", note)
	}
	for _, part := range r.Parts {
		c.showPart(part, indent)
	}
}

// showLines prints a text that may have several lines.
func (c *cli) showLines(first, others, text string) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			first = others
		}
		fmt.Fprintln(c.out, first+line)
	}
}

func isUnchecked(note string) bool { return strings.HasPrefix(note, unchecked) }

func countUnchecked(r *channeltest.Report) (n int) {
	for _, note := range r.Notes {
		if isUnchecked(note) {
			n++
		}
	}
	for _, part := range r.Parts {
		n += countUnchecked(part)
	}
	return n
}

// partTitle is a part of the suite for people. Parts that a package or an institution has named are shown as they are.
func (c *cli) partTitle(name string) string {
	if title := c.text("channel.part." + name); title != "channel.part."+name {
		return title
	}
	return name
}
