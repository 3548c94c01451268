package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/internal/webhook"
)

type verifyFlags struct {
	secret, headers, at string
	old                 []string
}

func (c *cli) webhooksCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "webhooks", Short: c.text("webhooks.short")}
	cmd.AddCommand(
		c.endpointsCommand(), c.createEndpointCommand(), c.updateEndpointCommand(), c.rotateCommand(), c.deleteEndpointCommand(),
		c.testEndpointCommand(), c.notificationsCommand(), c.attemptsCommand(), c.resendCommand(), c.replayCommand(), c.verifyCommand(),
	)
	return cmd
}

func (c *cli) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify BODY",
		Short: c.text("webhooks.verify"),
		Long:  c.text("webhooks.long"),
		Example: `  paymux webhooks verify --secret env:WEBHOOK_SECRET --headers headers.txt body.json
  paymux webhooks verify --secret file:new.txt --old-secret file:old.txt --headers headers.txt -
  paymux webhooks verify --secret whpk_… --headers headers.txt body.json`,
		Args: exactly(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.verifyWebhook(args[0], f) },
	}
	cmd.Flags().StringVar(&f.secret, "secret", "", c.text("webhooks.secret"))
	cmd.Flags().StringSliceVar(&f.old, "old-secret", nil, c.text("webhooks.old-secret"))
	cmd.Flags().StringVar(&f.headers, "headers", "", c.text("webhooks.headers"))
	cmd.Flags().StringVar(&f.at, "at", "", c.text("webhooks.at"))
	return cmd
}

// verifyWebhook says whether a delivery verifies and, where it does not, exactly why.
func (c *cli) verifyWebhook(bodyFile string, f verifyFlags) error {
	if f.secret == "" || f.headers == "" {
		return usagef("%s", c.text("webhooks.needs"))
	}
	secrets, err := c.secrets(append([]string{f.secret}, f.old...))
	if err != nil {
		return err
	}
	header, err := readHeaders(f.headers)
	if err != nil {
		return err
	}
	body, err := c.readFile(bodyFile)
	if err != nil {
		return err
	}
	at := c.now()
	if f.at != "" {
		if at, err = time.Parse(time.RFC3339, f.at); err != nil {
			return usagef("--at: %q is not of the form 2026-11-22T06:20:44Z", f.at)
		}
	}
	if err := webhook.Diagnose(secrets[0], header, body, at, secrets[1:]...); err != nil {
		return &outcomeError{text: err.Error()}
	}
	return c.show(map[string]bool{"valid": true}, func() { c.say("webhooks.valid") })
}

// secrets reads secrets that may be file:PATH or env:NAME, which keeps them out of the list of processes.
func (c *cli) secrets(given []string) ([]string, error) {
	var out []string
	for _, text := range given {
		secret, err := Ref(text).Read(c.env)
		if err != nil {
			return nil, &usageError{err}
		}
		out = append(out, secret.Reveal())
	}
	return out, nil
}

func (c *cli) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.in)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, &usageError{err}
	}
	return text, nil
}

// readHeaders reads "Name: value" lines as curl and frameworks print them; a
// request line and anything behind the first empty line is passed over.
func readHeaders(file string) (http.Header, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &usageError{err}
	}
	header := http.Header{}
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		line := strings.TrimSpace(strings.TrimLeft(lines.Text(), "<> "))
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.Contains(name, " ") {
			continue
		}
		header.Add(textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read headers: %w", err)
	}
	return header, nil
}
