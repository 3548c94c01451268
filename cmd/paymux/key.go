package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

func (c *cli) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: c.text("key.short"),
		Long:  c.text("key.long"),
		Args:  exactly(0),
		RunE: func(*cobra.Command, []string) error {
			p, err := c.profile()
			if err != nil {
				return err
			}
			if p.Key == "" {
				return usagef("%s", c.text("no-key"))
			}
			fmt.Fprintln(c.out, p.Key)
			return nil
		},
	}
	cmd.AddCommand(c.keyListCommand(), c.keyCreateCommand())
	return cmd
}

func (c *cli) keyListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: c.text("key.list"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.client()
			if err != nil {
				return err
			}
			all, err := api.Keys(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(all, func() {
				for _, k := range all {
					fmt.Fprintf(c.out, "%s  %-15s  %s  %s\n", k.ID, k.Kind, k.CreatedAt.Format("2006-01-02"), k.Name)
				}
			})
		},
	}
}

func (c *cli) keyCreateCommand() *cobra.Command {
	var kind, name, public string
	cmd := &cobra.Command{
		Use:   "create",
		Short: c.text("key.create"),
		Example: `  paymux key create --kind bearer
  paymux key create --kind ed25519 --public key.pem`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.createKey(cmd.Context(), paymux.KeyKind(kind), name, public)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", string(paymux.KeyHMAC), c.text("key.kind"))
	cmd.Flags().StringVar(&name, "name", "", c.text("key.name"))
	cmd.Flags().StringVar(&public, "public", "", c.text("key.public"))
	complete(cmd, "kind", paymux.KeyKinds())
	return cmd
}

func (c *cli) createKey(ctx context.Context, kind paymux.KeyKind, name, public string) error {
	if !slices.Contains(paymux.KeyKinds(), kind) {
		return usagef("--kind %s: the kinds are %v", kind, paymux.KeyKinds())
	}
	request := client.KeyRequest{Kind: kind, Name: name}
	if public != "" {
		pem, err := os.ReadFile(public)
		if err != nil {
			return usagef("--public: %w", err)
		}
		request.Public = string(pem)
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	made, err := api.CreateKey(ctx, request)
	if err != nil {
		return err
	}
	shown := struct {
		paymux.Key
		Secret string `json:"secret,omitempty"` // shown once, here: it is what was asked for
	}{made.Key, made.Secret.Reveal()}
	return c.show(shown, func() {
		fmt.Fprintf(c.out, "%s  %s\n", made.ID, made.Kind)
		if made.Secret != "" {
			fmt.Fprintf(c.out, "%s\n", made.Secret.Reveal())
			c.say("key.once")
		}
	})
}
