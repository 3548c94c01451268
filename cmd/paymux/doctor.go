package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/client"
)

// finding is the outcome of one check.
type finding struct {
	Check   string `json:"check"`
	OK      bool   `json:"ok"`
	Skipped bool   `json:"skipped,omitempty"`
	Text    string `json:"text"`
	Fix     string `json:"fix,omitempty"` // what to do, where it is not OK
}

// check looks at one thing. An empty fix with ok false is explained by the text alone.
type check struct {
	name string
	look func(context.Context, *doctor) finding
}

// doctor is what the checks share.
type doctor struct {
	c       *cli
	file    string
	conf    Config
	profile profile
	api     *client.Client // nil: no key
}

func (c *cli) doctorCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: c.text("doctor.short"),
		Long:  c.text("doctor.long"),
		Args:  exactly(0),
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.doctor(cmd.Context(), file) },
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", c.text("doctor.config"))
	return cmd
}

func (c *cli) doctor(ctx context.Context, file string) error {
	d := &doctor{c: c, file: file}
	var found []finding
	bad := 0
	for _, one := range checks() {
		f := one.look(ctx, d)
		f.Check = one.name
		if !f.OK && !f.Skipped {
			bad++
		}
		found = append(found, f)
		if c.format == "text" {
			c.showFinding(f)
		}
	}
	if err := c.show(found, func() {}); err != nil {
		return err
	}
	if bad > 0 {
		return &outcomeError{text: c.textf("doctor.bad", bad)}
	}
	if c.format == "text" {
		c.say("doctor.good")
	}
	return nil
}

func (c *cli) showFinding(f finding) {
	mark := c.paint(green, "ok  ")
	switch {
	case f.Skipped:
		mark = c.paint(faint, "--  ")
	case !f.OK:
		mark = c.paint(red, "BAD ")
	}
	fmt.Fprintf(c.out, "%s %-14s %s\n", mark, f.Check, f.Text)
	if f.Fix != "" && !f.OK {
		fmt.Fprintf(c.out, "     %-14s %s\n", "", c.textf("doctor.fix", f.Fix))
	}
}

func checks() []check {
	return []check{
		{"profile", checkProfile}, {"config", checkConfig}, {"data", checkData}, {"store", checkStoreAnswers}, {"nats", checkNATS},
		{"server", checkServer}, {"clock", checkClock}, {"key", checkKey}, {"signature", checkSignature}, {"webhooks", checkWebhooks},
	}
}

func good(format string, args ...any) finding {
	return finding{OK: true, Text: fmt.Sprintf(format, args...)}
}

func bad(err error, fix string) finding { return finding{Text: err.Error(), Fix: fix} }

func skipped(why string) finding { return finding{Skipped: true, Text: why} }
