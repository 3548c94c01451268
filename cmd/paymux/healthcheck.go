package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func (c *cli) healthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "healthcheck",
		Short: c.text("healthcheck.short"),
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := c.profile()
			if err != nil {
				return err
			}
			r, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, p.BaseURL+"/readyz", nil)
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
				return &outcomeError{text: fmt.Sprintf("%s/readyz answers %s", p.BaseURL, answer.Status)}
			}
			return nil
		},
	}
}
