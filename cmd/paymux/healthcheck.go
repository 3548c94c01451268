package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux/monitor/health"
)

func (c *cli) healthcheckCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "healthcheck [URL]",
		Short: c.text("healthcheck.short"),
		Long:  c.text("healthcheck.long"),
		Example: `  paymux healthcheck
  paymux healthcheck -c node.yaml
  paymux healthcheck http://127.0.0.1:9090
  paymux healthcheck http://127.0.0.1:8222/healthz`,
		Args: between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := c.healthURL(args, file)
			if err != nil {
				return err
			}
			err = health.Ask(cmd.Context(), address)
			var not *health.NotReady
			if errors.As(err, &not) {
				return &outcomeError{text: not.Error()}
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", c.text("healthcheck.config"))
	return cmd
}

// healthURL is where a process is asked: what was named, where the process of a configuration answers operators, or
// else the profile's deployment.
func (c *cli) healthURL(args []string, file string) (string, error) {
	switch {
	case len(args) == 1 && file != "":
		return "", usagef("%s", c.text("healthcheck.one"))
	case len(args) == 1 && strings.Contains(args[0], "://"):
		return args[0], nil
	case len(args) == 1:
		return "", usagef("%q is not of the form http://127.0.0.1:9090", args[0])
	case file == "":
		p, err := c.profile()
		return strings.TrimRight(p.BaseURL, "/") + "/readyz", err
	}
	conf, _, err := loadConfig(file, c.env)
	switch {
	case err != nil:
		return "", &usageError{err}
	case conf.Monitor.Listen != "":
		return health.Local(conf.Monitor.Listen), nil
	case conf.has(roleFrontend):
		return health.Local(conf.Listen), nil
	}
	return "", usagef("%s", c.textf("healthcheck.nowhere", file))
}
