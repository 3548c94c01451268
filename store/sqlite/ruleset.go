package sqlite

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/paymux/paymux"
)

// KeepRuleSet implements rulebook.Store.
func (s *Store) KeepRuleSet(ctx context.Context, v paymux.RuleSetVersion) (kept bool, err error) {
	err = s.submit(ctx, func(w *writer) error {
		s := w.prepare("INSERT INTO rule_sets (version, name, fingerprint, document, made_from, who, why, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (version) DO NOTHING")
		s.int(v.Version)
		for _, text := range []string{v.Name, v.Fingerprint, v.Document, v.From, v.Who, v.Why} {
			s.text(text)
		}
		s.time(v.At)
		if _, err := w.exec(&s); err != nil {
			return err
		}
		is, err := read(w.conn, "SELECT fingerprint FROM rule_sets WHERE version = ?", func(s *statement) { s.int(v.Version) }, func(r *row) (string, error) { return r.text(), nil })
		kept = len(is) == 1 && is[0] == v.Fingerprint
		return err
	})
	if err != nil {
		return false, fmt.Errorf("keep rule set version %d: %w", v.Version, err)
	}
	return kept, nil
}

func scanRuleSet(r *row) (paymux.RuleSetVersion, error) {
	return paymux.RuleSetVersion{
		Version: r.int(), Name: r.text(), Fingerprint: r.text(), Document: r.text(), From: r.text(), Who: r.text(), Why: r.text(), At: r.time(),
	}, nil
}

// RuleSet implements rulebook.Store.
func (s *Store) RuleSet(ctx context.Context, version int64) (paymux.RuleSetVersion, error) {
	const sql = "SELECT version, name, fingerprint, document, made_from, who, why, at FROM rule_sets WHERE version = ?"
	return one(ctx, s.pool, "rule set version "+strconv.FormatInt(version, 10), sql, func(s *statement) { s.int(version) }, scanRuleSet)
}

// RuleSets implements rulebook.Store.
func (s *Store) RuleSets(ctx context.Context, below int64, limit int) ([]paymux.RuleSetVersion, error) {
	if below == 0 {
		below = math.MaxInt64
	}
	const sql = "SELECT version, name, fingerprint, '', made_from, who, why, at FROM rule_sets WHERE version < ? ORDER BY version DESC LIMIT ?"
	list, err := query(ctx, s.pool, sql, func(s *statement) {
		s.int(below)
		s.int(int64(limit))
	}, scanRuleSet)
	if err != nil {
		return nil, fmt.Errorf("list rule sets: %w", err)
	}
	return list, nil
}
