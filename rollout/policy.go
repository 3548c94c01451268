package rollout

import (
	"encoding/json"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/channelrpc"
)

// settingsKey is where a channel's policy is kept.
func settingsKey(name string) string { return "channel." + name }

func parsePolicy(raw json.RawMessage) (paymux.Rollout, error) {
	var p paymux.Rollout
	if err := json.Unmarshal(raw, &p); err != nil {
		return paymux.Rollout{}, fmt.Errorf("rollout: policy: %w", err)
	}
	return p, check(&p)
}

// check refuses what cannot be meant.
func check(p *paymux.Rollout) error {
	for _, v := range []string{p.Stable, p.Canary, p.Shadow} {
		if v == "" {
			continue
		}
		if err := channelrpc.CheckVersion(v); err != nil {
			return fmt.Errorf("rollout: %w", err)
		}
	}
	switch {
	case p.Percent < 0 || p.Percent > 100:
		return fmt.Errorf("rollout: percent %d is not between 0 and 100", p.Percent)
	case p.Canary != "" && p.Canary == p.Stable:
		return fmt.Errorf("rollout: version %s is stable and cannot be on trial as well", p.Canary)
	case p.Canary != "" && p.Withdrew(p.Canary):
		return fmt.Errorf("rollout: version %s was withdrawn; give a mended one another version", p.Canary)
	}
	return nil
}
