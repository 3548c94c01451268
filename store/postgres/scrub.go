package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Scrub implements sealed.Rows. It needs the tables for itself for a moment and gives up where it would have to
// wait for that, behind a dump for instance, for everybody else would wait behind it.
func (s *Store) Scrub(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.connConfig.Copy())
	if err != nil {
		return fault(err, "connect to scrub the tables of secrets")
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range []string{"SET lock_timeout = '300ms'", "VACUUM (FULL) api_keys", "VACUUM (FULL) endpoints"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fault(err, "%s", fmt.Sprintf("scrub the tables of secrets (%s)", sql))
		}
	}
	return nil
}
