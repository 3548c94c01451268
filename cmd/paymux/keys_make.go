package main

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/keys"
)

// draftFlags are what can be said of a new version.
type draftFlags struct {
	kind, owner, note, keyID, chain string
	callers, uses                   []string
	bits                            int
	activate                        bool
}

func (c *cli) draftFlags(cmd *cobra.Command, d *draftFlags) {
	flags := cmd.Flags()
	flags.StringVar(&d.kind, "kind", "", c.text("keys.kind"))
	flags.StringVar(&d.owner, "owner", "", c.text("keys.owner"))
	flags.StringSliceVar(&d.callers, "caller", nil, c.text("keys.caller"))
	flags.StringSliceVar(&d.uses, "use", nil, c.text("keys.use"))
	flags.StringVar(&d.note, "note", "", c.text("keys.note"))
	flags.BoolVar(&d.activate, "activate", false, c.text("keys.at-once"))
	complete(cmd, "kind", keys.Kinds())
	complete(cmd, "use", keys.Uses())
}

func (c *cli) versionFlags(cmd *cobra.Command, d *draftFlags) {
	cmd.Flags().StringVar(&d.keyID, "key-id", "", c.text("keys.key-id"))
	cmd.Flags().StringVar(&d.chain, "chain", "", c.text("keys.chain"))
}

// draft checks the words here, so that a typo is told with its remedy; the rest is the service's to check.
func (c *cli) draft(name string, d *draftFlags) (keys.Draft, error) {
	draft := keys.Draft{
		Name: keys.Name(name), Kind: keys.Kind(d.kind), Bits: d.bits, Owner: d.owner, Callers: d.callers, Note: d.note, KeyID: d.keyID, Activate: d.activate,
	}
	if err := optionalWord("kind", d.kind, keys.Kinds()); err != nil {
		return draft, err
	}
	for _, use := range d.uses {
		if err := checkWord("use", use, keys.Uses()); err != nil {
			return draft, err
		}
		draft.Uses = append(draft.Uses, keys.Use(use))
	}
	if d.chain != "" {
		text, err := c.readFile(d.chain)
		if err != nil {
			return draft, err
		}
		draft.Chain = string(text)
	}
	return draft, nil
}

// keyText reads a key from a file, or from standard input where it is called "-". A trailing newline is not part of it.
func (c *cli) keyText(file string) (paymux.Secret, error) {
	text, err := c.readFile(file)
	defer clear(text)
	return paymux.Secret(bytes.TrimRight(text, "\r\n")), err
}

func (c *cli) keysGenerateCommand(f *keysFlags) *cobra.Command {
	var d draftFlags
	cmd := &cobra.Command{
		Use:   "generate NAME",
		Short: c.text("keys.generate"),
		Example: `  paymux keys generate wechat-main --kind rsa --owner wechat --caller gateway-wechat --activate
  paymux keys generate wechat-main                      # the next version, pending until its certificate is there`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.makeKey(cmd.Context(), f, &d, args, (*keys.Operator).Generate)
		},
	}
	c.draftFlags(cmd, &d)
	c.versionFlags(cmd, &d)
	cmd.Flags().IntVar(&d.bits, "bits", 0, c.text("keys.bits"))
	return cmd
}

func (c *cli) keysImportCommand(f *keysFlags) *cobra.Command {
	var d draftFlags
	cmd := &cobra.Command{
		Use:   "import NAME FILE",
		Short: c.text("keys.import"),
		Long:  c.text("keys.import-long"),
		Example: `  paymux keys import wechat-main apiclient_key.pem --kind rsa --owner wechat --chain apiclient_cert.pem --caller gateway-wechat --activate
  paymux keys import wechat-platform platform_cert.pem --kind rsa --owner wechat --caller gateway-wechat --activate
  pass show wechat/api-v3 | paymux keys import wechat-api-v3 - --kind aes-gcm --owner wechat --caller gateway-wechat --activate`,
		Args: exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.makeKey(cmd.Context(), f, &d, args, func(o *keys.Operator, ctx context.Context, draft keys.Draft) (keys.Version, error) {
				text, err := c.keyText(args[1])
				if err != nil {
					return keys.Version{}, err
				}
				return o.Import(ctx, draft, text)
			})
		},
	}
	c.draftFlags(cmd, &d)
	c.versionFlags(cmd, &d)
	return cmd
}

func (c *cli) keysRotateCommand(f *keysFlags) *cobra.Command {
	var d draftFlags
	cmd := &cobra.Command{
		Use:   "rotate NAME [FILE]",
		Short: c.text("keys.rotate"),
		Long:  c.text("keys.rotate-long"),
		Args:  between(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.makeKey(cmd.Context(), f, &d, args, func(o *keys.Operator, ctx context.Context, draft keys.Draft) (keys.Version, error) {
				var text paymux.Secret
				if len(args) == 2 {
					var err error
					if text, err = c.keyText(args[1]); err != nil {
						return keys.Version{}, err
					}
				}
				return o.Rotate(ctx, draft, text)
			})
		},
	}
	c.versionFlags(cmd, &d)
	cmd.Flags().IntVar(&d.bits, "bits", 0, c.text("keys.bits"))
	return cmd
}

func (c *cli) makeKey(ctx context.Context, f *keysFlags, d *draftFlags, args []string, do func(*keys.Operator, context.Context, keys.Draft) (keys.Version, error)) error {
	draft, err := c.draft(args[0], d)
	if err != nil {
		return err
	}
	return c.withKeys(ctx, f, true, func(s *keys.Service, _ *Config) error {
		v, err := do(f.operator(s), ctx, draft)
		if err != nil {
			return err
		}
		return c.sayVersion(args[0], &v)
	})
}
