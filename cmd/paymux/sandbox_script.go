package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux/client"
)

// scriptFile is what paymux sandbox script reads: YAML or JSON.
type scriptFile struct {
	Account string               `json:"account"`
	Script  []client.SandboxStep `json:"script"`
}

func (c *cli) scriptCommand() *cobra.Command {
	var account string
	var reset bool
	cmd := &cobra.Command{
		Use:   "script [FILE]",
		Short: c.text("script.short"),
		Long:  c.text("script.long"),
		Example: `  paymux sandbox script steps.yaml
  paymux sandbox script --account sandbox_card            show what is left
  paymux sandbox script --account sandbox_card --reset`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bank, err := c.bank()
			if err != nil {
				return err
			}
			if len(args) == 1 && !reset {
				return c.setScript(cmd.Context(), bank, args[0], account)
			}
			if account == "" || len(args) == 1 {
				return usagef("name a FILE, or an --account to show or --reset")
			}
			return c.showOrReset(cmd.Context(), bank, account, reset)
		},
	}
	cmd.Flags().StringVar(&account, "account", "", c.text("script.account"))
	cmd.Flags().BoolVar(&reset, "reset", false, c.text("script.reset"))
	return cmd
}

func (c *cli) setScript(ctx context.Context, bank *client.Operator, path, account string) error {
	f, err := c.readScript(path)
	if err != nil {
		return usagef("%s: %w", path, err)
	}
	if account != "" {
		f.Account = account
	}
	if f.Account == "" {
		return usagef("%s: names no account, and there is no --account", path)
	}
	set, err := bank.SetScript(ctx, f.Account, f.Script)
	if err != nil {
		return err
	}
	return c.show(set, func() { c.showScript(f.Account, set.Script) })
}

func (c *cli) showOrReset(ctx context.Context, bank *client.Operator, account string, reset bool) error {
	var now *client.SandboxScript
	var err error
	if reset {
		now, err = bank.SetScript(ctx, account, []client.SandboxStep{})
	} else {
		now, err = bank.Script(ctx, account)
	}
	if err != nil {
		return err
	}
	return c.show(now, func() { c.showScript(account, now.Script) })
}

// readScript reads a file, or standard input for "-".
func (c *cli) readScript(path string) (scriptFile, error) {
	var text []byte
	var err error
	if path == "-" {
		text, err = io.ReadAll(c.in)
	} else {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return scriptFile{}, err
	}
	return parseScript(text)
}

// parseScript reads YAML, which JSON is too, and refuses names that it does not know.
func parseScript(text []byte) (f scriptFile, err error) {
	var any map[string]any
	if err := yaml.Unmarshal(text, &any); err != nil {
		return f, err
	}
	plain, err := json.Marshal(any)
	if err != nil {
		return f, errors.New("is not of the form account: …, script: […]")
	}
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return f, fmt.Errorf("is not of the form account: …, script: […]: %w", err)
	}
	return f, nil
}

func (c *cli) showScript(account string, steps []client.SandboxStep) {
	if len(steps) == 0 {
		c.say("script.none", account)
		return
	}
	for at, s := range steps {
		fmt.Fprintf(c.out, "%2d  %-24s %d/%d  %s\n", at+1, s.Do, len(s.Taken), max(s.Times, 1), strings.TrimSpace(narrowed(s)))
	}
}

// narrowed is the rest of a step in one line.
func narrowed(s client.SandboxStep) string {
	var b strings.Builder
	for _, part := range []struct{ name, text string }{
		{"kind", s.Match.Kind}, {"method", string(s.Match.Method)}, {"currency", string(s.Match.Currency)}, {"order", s.Match.Order},
		{"payment", string(s.Match.Payment)}, {"code", s.Code},
	} {
		if part.text != "" {
			fmt.Fprintf(&b, " %s=%s", part.name, part.text)
		}
	}
	if s.Match.Amount != 0 {
		fmt.Fprintf(&b, " amount=%d", s.Match.Amount)
	}
	if s.LatencyMS != 0 {
		fmt.Fprintf(&b, " latency=%dms", s.LatencyMS)
	}
	for _, op := range s.Taken {
		fmt.Fprintf(&b, " %s", op)
	}
	return b.String()
}

// outageCommand closes the socket of a sandbox that runs by itself for a while.
func (c *cli) outageCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "outage DURATION",
		Short: c.text("sandbox.outage"),
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pause, err := time.ParseDuration(args[0])
			if err != nil || pause < time.Millisecond {
				return usagef("%s is not a duration such as 3s", args[0])
			}
			bank, err := c.bank()
			if err != nil {
				return err
			}
			if err := bank.Outage(cmd.Context(), pause); err != nil {
				return err
			}
			c.say("sandbox.out", pause)
			return nil
		},
	}
}
