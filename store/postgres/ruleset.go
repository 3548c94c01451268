package postgres

import (
	"context"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
)

// KeepRuleSet implements rulebook.Store.
func (s *Store) KeepRuleSet(ctx context.Context, v paymux.RuleSetVersion) (kept bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO rule_sets (version, name, fingerprint, document, made_from, who, why, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (version) DO NOTHING`,
			v.Version, v.Name, v.Fingerprint, v.Document, v.From, v.Who, v.Why, v.At)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, "SELECT fingerprint = $2 FROM rule_sets WHERE version = $1", v.Version, v.Fingerprint).Scan(&kept)
	})
	return kept && err == nil, written(err, "keep rule set version", strconv.FormatInt(v.Version, 10))
}

func scanRuleSet(row pgx.CollectableRow) (v paymux.RuleSetVersion, err error) {
	err = row.Scan(&v.Version, &v.Name, &v.Fingerprint, &v.Document, &v.From, &v.Who, &v.Why, &v.At)
	v.At = v.At.UTC()
	return v, err
}

// RuleSet implements rulebook.Store.
func (s *Store) RuleSet(ctx context.Context, version int64) (paymux.RuleSetVersion, error) {
	const sql = "SELECT version, name, fingerprint, document, made_from, who, why, at FROM rule_sets WHERE version = $1"
	return one(ctx, s, "rule set version", strconv.FormatInt(version, 10), sql, []any{version}, scanRuleSet)
}

// RuleSets implements rulebook.Store.
func (s *Store) RuleSets(ctx context.Context, below int64, limit int) ([]paymux.RuleSetVersion, error) {
	if below == 0 {
		below = math.MaxInt64
	}
	const sql = "SELECT version, name, fingerprint, '', made_from, who, why, at FROM rule_sets WHERE version < $1 ORDER BY version DESC LIMIT $2"
	return list(ctx, s, "rule sets", sql, []any{below, limit}, scanRuleSet)
}
