package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func (c *cli) healthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "healthcheck [URL]",
		Short: c.text("healthcheck.short"),
		Long:  c.text("healthcheck.long"),
		Example: `  paymux healthcheck
  paymux healthcheck http://127.0.0.1:8222/healthz`,
		Args: between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := c.healthURL(args)
			if err != nil {
				return err
			}
			r, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, address, nil)
			if err != nil {
				return usagef("%w", err)
			}
			limited := &http.Client{Timeout: 3 * time.Second}
			answer, err := limited.Do(r)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return &outcomeError{text: fmt.Sprintf("%s answers %s", address, answer.Status)}
			}
			return nil
		},
	}
}

// healthURL is what was named, or else whether the profile's deployment is ready.
func (c *cli) healthURL(args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	p, err := c.profile()
	return p.BaseURL + "/readyz", err
}
