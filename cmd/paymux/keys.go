package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
)

// keysFlags say which file of keys, and who keeps them.
type keysFlags struct {
	config, data, path, master, by string
}

func (c *cli) keysCommand() *cobra.Command {
	var f keysFlags
	cmd := &cobra.Command{Use: "keys", Short: c.text("keys.short"), Long: c.text("keys.long")}
	flags := cmd.PersistentFlags()
	flags.StringVarP(&f.config, "config", "c", "", c.text("config.file"))
	flags.StringVar(&f.data, "data", "", c.text("keys.data"))
	flags.StringVar(&f.path, "db", "", c.text("keys.db"))
	flags.StringVar(&f.master, "master", "", c.text("keys.master"))
	flags.StringVar(&f.by, "by", "", c.text("keys.by"))
	cmd.AddCommand(
		c.keysInitCommand(&f), c.keysGenerateCommand(&f), c.keysImportCommand(&f), c.keysRotateCommand(&f),
		c.keysListCommand(&f), c.keysShowCommand(&f), c.keysExportCommand(&f),
		c.keysMoveCommand(&f, "activate", c.text("keys.activate"), (*keys.Operator).Activate),
		c.keysMoveCommand(&f, "retire", c.text("keys.retire"), (*keys.Operator).Retire),
		c.keysMoveCommand(&f, "destroy", c.text("keys.destroy"), (*keys.Operator).Destroy),
		c.keysCallersCommand(&f, "permit", c.text("keys.permit"), (*keys.Operator).Permit),
		c.keysCallersCommand(&f, "forbid", c.text("keys.forbid"), (*keys.Operator).Forbid),
		c.keysRewrapCommand(&f), c.keysAuditCommand(&f),
	)
	return cmd
}

func (c *cli) keysInitCommand(f *keysFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: c.text("keys.init"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withKeys(cmd.Context(), f, true, func(s *keys.Service, conf *Config) error {
				made := map[string]string{"path": conf.keysPath(), "master": conf.keysMaster()}
				return c.show(made, func() { c.say("keys.made", conf.keysPath(), conf.keysMaster()) })
			})
		},
	}
}

// withKeys opens the file of keys, which a running service may have open, too. With create it is made where it is not there.
func (c *cli) withKeys(ctx context.Context, f *keysFlags, create bool, do func(*keys.Service, *Config) error) (err error) {
	conf, _, err := loadConfig(f.config, c.env)
	if err != nil {
		return &usageError{err}
	}
	f.override(&conf)
	_, missing := os.Stat(conf.keysPath())
	isNew := errors.Is(missing, fs.ErrNotExist)
	if isNew && !create {
		return usagef("%s", c.textf("keys.none", conf.keysPath()))
	}
	if isNew {
		if err := makeDataDir(conf.DataDir); err != nil {
			return err
		}
	}
	master, done, err := keys.OpenMaster(conf.keysMaster(), isNew)
	if err != nil {
		return &usageError{err}
	}
	defer func() { err = errors.Join(err, done()) }()
	s, err := keys.Open(ctx, keys.Config{
		Path: conf.keysPath(), Create: create, Master: master, HeadFile: conf.Keys.Head, Now: c.now, Log: newLogger(c.err, conf.Log),
	})
	if err != nil {
		return keysError(err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return keysError(do(s, &conf))
}

func (f *keysFlags) override(c *Config) {
	for _, o := range []struct {
		given string
		into  *string
	}{{f.data, &c.DataDir}, {f.path, &c.Keys.Path}, {f.master, &c.Keys.Master}} {
		if o.given != "" {
			*o.into = o.given
		}
	}
}

// operator is who acts, as the audit names them.
func (f *keysFlags) operator(s *keys.Service) *keys.Operator {
	return s.By(userName(f.by))
}

// userName is who acts, for records: who was named, or else who runs the program.
func userName(given string) string {
	if given != "" {
		return given
	}
	if u, err := user.Current(); err == nil {
		return "cli:" + u.Username
	}
	return "cli:uid-" + strconv.Itoa(os.Getuid())
}

// keysError gives an error of the key service its exit code.
func keysError(err error) error {
	for _, e := range []error{keys.ErrInvalid, keys.ErrMaster} {
		if errors.Is(err, e) {
			return &usageError{err}
		}
	}
	for _, e := range []error{keys.ErrNoKey, keys.ErrState, keys.ErrForbidden, keyring.ErrUnable} {
		if errors.Is(err, e) {
			return &refusalError{err}
		}
	}
	if errors.Is(err, keys.ErrTampered) {
		return &outcomeError{text: err.Error()}
	}
	return err
}

// versionNumber reads a version's number.
func versionNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, usagef("%q is not the number of a version, such as 1", text)
	}
	return n, nil
}

// between is cobra.RangeArgs with the exit code of a wrong command line.
func between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usagef("usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// sayVersion shows a version that was just made.
func (c *cli) sayVersion(name string, v *keys.Version) error {
	shown := struct {
		Key string `json:"key"`
		keys.Version
	}{name, *v}
	return c.show(shown, func() {
		fmt.Fprintf(c.out, "%s  %d  %s  %s\n", name, v.Number, v.State, v.KeyID)
	})
}
