package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
)

// bankFlags are what a sandbox that runs by itself is told.
type bankFlags struct {
	listen, public, dir, tokenFile, file string
	accounts, options                    []string
	delay                                time.Duration
}

// bankConfig is the file of --config: the accounts that are not like all others.
type bankConfig struct {
	Accounts []bankAccount `yaml:"accounts"`
}

type bankAccount struct {
	Name    string         `yaml:"name"`
	Options map[string]Ref `yaml:"options"`
}

func (c *cli) bankCommand() *cobra.Command {
	var f bankFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: c.text("bank.short"),
		Long:  c.text("bank.long"),
		Example: `  paymux sandbox serve --listen 127.0.0.1:8090 --dir bank
  paymux sandbox serve --accounts wallet,card --option eager_payers=on`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serveBank(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8090", c.text("bank.listen"))
	flags.StringVar(&f.public, "public-url", "", c.text("bank.public-url"))
	flags.StringVar(&f.dir, "dir", ".paymux-sandbox", c.text("bank.dir"))
	flags.StringVar(&f.tokenFile, "token-file", "", c.text("bank.token-file"))
	flags.StringVarP(&f.file, "config", "c", "", c.text("bank.config"))
	flags.StringSliceVar(&f.accounts, "accounts", nil, c.text("bank.accounts"))
	flags.StringArrayVar(&f.options, "option", nil, c.text("bank.option"))
	flags.DurationVar(&f.delay, "delay", 0, c.text("bank.delay"))
	return cmd
}

// serveBank runs the institution as a process of its own, until ctx ends.
func (c *cli) serveBank(ctx context.Context, f bankFlags) error {
	if f.dir == "" {
		return usagef("--dir: names no directory")
	}
	token, err := f.token()
	if err != nil {
		return err
	}
	socket, err := c.bindBank(ctx, f.listen)
	if err != nil {
		return err
	}
	defer socket.Close()
	if f.public == "" {
		f.public = "http://" + socket.Addr().String()
	}
	log := newLogger(c.err, LogConfig{Level: "warn", Format: "text"})
	if c.verbose {
		log = newLogger(c.err, LogConfig{Level: "debug", Format: "text"})
	}
	bank, err := sandbox.NewInstitution(sandbox.Config{
		Dir: f.dir, PublicURL: func() string { return strings.TrimRight(f.public, "/") }, Log: log, Now: c.now, Delay: f.delay, Refuse: socket.Refuse,
	})
	if err != nil {
		return err
	}
	defer bank.Stop()
	if err := f.open(bank, c.env); err != nil {
		return &usageError{err}
	}
	bank.Start()
	server := &http.Server{
		Handler: bankHandler(bank, token), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(bank.HangUp)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(socket) }()
	if err := c.showBank(&f, socket.Addr().String()); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return server.Shutdown(draining)
}

func (c *cli) bindBank(ctx context.Context, address string) (*sandbox.Listener, error) {
	socket, err := sandbox.Listen(ctx, address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, usagef("%s", c.textf("port.taken", address, freeNeighbour(address)))
	}
	if err != nil {
		return nil, usagef("listen on %s: %w", address, err)
	}
	return socket, nil
}

// bankHandler serves pages to payers, the wire to channels and the controls to operators.
func bankHandler(bank *sandbox.Institution, token paymux.Secret) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/sandbox/", bank.Pages())
	mux.Handle("/sandbox/v1/", bank.Wire())
	mux.Handle("/sandbox/api/", operatorsOnly(token, bank.API()))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ready\n") })
	return mux
}

// tokenName is the file in --dir with the operators' token, where no other was named.
const tokenName = "ops.token"

func (f *bankFlags) token() (paymux.Secret, error) {
	if f.tokenFile != "" {
		text, err := Ref("file:" + f.tokenFile).Read(nil)
		if err == nil && len(text) < 16 {
			err = usagef("--token-file %s: the token is shorter than 16 bytes", f.tokenFile)
		}
		return text, err
	}
	text, err := kept(filepath.Join(f.dir, tokenName), func() ([]byte, error) { return []byte(rand.Text()), nil })
	return paymux.Secret(bytes.TrimSpace(text)), err
}

// open opens the accounts that flags and file name; others are opened by their first call.
func (f *bankFlags) open(bank *sandbox.Institution, env func(string) string) error {
	options := map[string]string{}
	for _, o := range f.options {
		name, text, ok := strings.Cut(o, "=")
		if !ok {
			return fmt.Errorf("--option %s: is not of the form name=text", o)
		}
		options[name] = text
	}
	if len(options) > 0 && len(f.accounts) == 0 {
		return errors.New("--option is for the accounts that --accounts names")
	}
	for _, name := range f.accounts {
		if err := bank.OpenAccount(name, options); err != nil {
			return fmt.Errorf("--accounts: %w", err)
		}
	}
	return openFiled(bank, f.file, env)
}

func openFiled(bank *sandbox.Institution, file string, env func(string) string) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	var conf bankConfig
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&conf); err != nil && err != io.EOF {
		return placed(file, err)
	}
	for i, a := range conf.Accounts {
		options, err := spelt(a.Options, env)
		if err == nil {
			err = bank.OpenAccount(a.Name, options)
		}
		if err != nil {
			return fmt.Errorf("%s: accounts[%d] (%s): %w", file, i, a.Name, err)
		}
	}
	return nil
}

// spelt reads options, which here are all spelt out.
func spelt(refs map[string]Ref, env func(string) string) (map[string]string, error) {
	options := make(map[string]string, len(refs))
	for name, r := range refs {
		text, err := r.Read(env)
		if err != nil {
			return nil, fmt.Errorf("option %s: %w", name, err)
		}
		options[name] = text.Reveal()
	}
	return options, nil
}

// showBank tells where everything is; the secrets themselves stay in their files.
func (c *cli) showBank(f *bankFlags, address string) error {
	token := f.tokenFile
	if token == "" {
		token = filepath.Join(f.dir, tokenName)
	}
	key, secret := filepath.Join(f.dir, sandbox.KeyFile), filepath.Join(f.dir, sandbox.SecretFile)
	out := map[string]string{"base_url": "http://" + address, "public_url": f.public, "dir": f.dir, "api_key_file": key, "callback_secret_file": secret, "token_file": token}
	return c.show(out, func() {
		c.say("bank.title", address)
		c.say("bank.account", address, key, secret)
		c.say("bank.control", address, token)
	})
}
