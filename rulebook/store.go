package rulebook

import (
	"context"

	"github.com/paymux/paymux"
)

// Store keeps the versions that were in force in a region, all of them.
type Store interface {
	// KeepRuleSet keeps a version, which may be there already. kept is false where its number stands for another set: that
	// one stays.
	KeepRuleSet(ctx context.Context, v paymux.RuleSetVersion) (kept bool, err error)
	// RuleSet returns a version; paymux.NotFound where it was never in force here.
	RuleSet(ctx context.Context, version int64) (paymux.RuleSetVersion, error)
	// RuleSets lists at most limit versions, newest first and without their documents: those below one; 0: from the newest on.
	RuleSets(ctx context.Context, below int64, limit int) ([]paymux.RuleSetVersion, error)
}
