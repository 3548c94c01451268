package rollout

import (
	"context"
	"sync/atomic"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

type shadowCounters struct {
	asked, differs atomic.Int64
	example        atomic.Pointer[string]
}

// ask puts a query to the shadow version, too, in the background, and compares the answers.
// Its answer changes nothing. With sixteen under way, more are left out.
func (p *packages) ask(r *remote, by string, op channel.Operation, answer channel.Result, answerErr error) {
	shadow := p.fleet.Load().policy.Shadow
	if shadow == "" || shadow == by {
		return
	}
	select {
	case p.shadows <- struct{}{}:
	default:
		return
	}
	p.channels.work.Go(func() {
		defer func() { <-p.shadows }()
		ctx, cancel := context.WithTimeout(context.Background(), shadowLimit)
		defer cancel()
		got, err := r.at(shadow).Query(ctx, op)
		p.shadow.asked.Add(1)
		if agree(&answer, answerErr, &got, err) {
			return
		}
		p.shadow.differs.Add(1)
		example := string(op.ID) + ": " + said(&answer, answerErr) + ", the shadow " + said(&got, err)
		p.shadow.example.Store(&example)
		p.channels.Log.Warn("a shadow query was answered differently", "channel", p.name, "shadow", shadow, "difference", example)
	})
}

func agree(a *channel.Result, aErr error, b *channel.Result, bErr error) bool {
	if aErr != nil || bErr != nil {
		return aErr != nil && bErr != nil
	}
	return a.State == b.State && a.Money == b.Money && a.ChannelID == b.ChannelID
}

func said(r *channel.Result, err error) string {
	if err != nil {
		return "error " + err.Error()
	}
	return string(r.State) + " " + r.Money.String() + " " + r.ChannelID
}

func (s *shadowCounters) tally(version string) *paymux.ShadowTally {
	if version == "" {
		return nil
	}
	t := &paymux.ShadowTally{Version: version, Asked: s.asked.Load(), Differs: s.differs.Load()}
	if e := s.example.Load(); e != nil {
		t.Example = *e
	}
	return t
}
