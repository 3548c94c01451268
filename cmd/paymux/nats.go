package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/internal/nocore"
)

func (c *cli) natsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "nats", Short: c.text("nats.short"), Long: c.text("nats.long")}
	cmd.AddCommand(c.natsInitCommand(), c.natsServeCommand())
	return cmd
}

func (c *cli) natsServeCommand() *cobra.Command {
	var file, listen, debug string
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   c.text("nats.serve"),
		Long:    c.text("nats.serve.long"),
		Example: "  paymux nats serve -c /etc/paymux/nats/nats.conf",
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usagef("%s", c.text("nats.no-file"))
			}
			stop, err := serveDebug(cmd.Context(), debug)
			if err != nil {
				return err
			}
			defer stop()
			return c.natsServe(cmd.Context(), natsserver.ServerConfig{File: file, Listen: listen})
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", c.text("nats.file"))
	cmd.Flags().StringVar(&listen, "listen", "", c.text("nats.listen"))
	cmd.Flags().StringVar(&debug, "debug", "", c.text("serve.debug"))
	return cmd
}

// natsServe serves until ctx ends. SIGHUP makes it read its file again.
func (c *cli) natsServe(ctx context.Context, conf natsserver.ServerConfig) error {
	if err := nocore.Forbid(); err != nil { // what passes here is in clear in its memory
		return fmt.Errorf("forbid core files: %w", err)
	}
	conf.Log = newLogger(c.err, LogConfig{Level: "info", Format: "json"})
	s, err := natsserver.Serve(conf)
	if err != nil {
		return &usageError{err}
	}
	defer s.Stop()
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	conf.Log.Info("ready", "listen", s.Addr().String(), "version", version)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again:
		}
		if err := s.Reload(); err != nil {
			conf.Log.Error("the file was not taken; the server goes on as it was", "error", err)
			continue
		}
		conf.Log.Info("the file was read again")
	}
}
