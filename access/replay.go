package access

import (
	"context"
	"net/http"
	"time"

	"github.com/paymux/paymux"
)

// longestReplay bounds the time range of one replay.
const longestReplay = 400 * 24 * time.Hour

type replayBody struct {
	From      time.Time          `json:"from" need:"true" doc:"of events, inclusive" example:"2026-11-20T00:00:00Z"`
	To        *time.Time         `json:"to" need:"false" doc:"exclusive; now if not given or still to come" example:"2026-11-22T00:00:00Z"`
	Types     []paymux.EventType `json:"types" need:"false" len:"0-50" doc:"of these types; if empty, of those the endpoint subscribes to or, where it subscribes to all, of every type but endpoint.test, endpoint.failing and endpoint.disabled"`
	Only      paymux.ReplayOnly  `json:"only" need:"false" doc:"undelivered if not given: what this endpoint has never accepted; all: what it has accepted, too" example:"undelivered"`
	CountOnly bool               `json:"count_only" need:"false" doc:"true: say how many there are, and neither keep nor send anything"`
}

// replayCount answers count_only.
type replayCount struct {
	Total int `json:"total" doc:"events that fit"`
}

func (s *Server) createReplayRoute(path string) route {
	return route{
		method: http.MethodPost, path: path, id: "createReplay", summary: "Send events once more",
		doc: "Sends the events of a time range to the endpoint again, through the ordinary queue and behind what is due: at most 400 days. " +
			"Ask with count_only first. Notifications keep their webhook-id. The answer says which types it sends.",
		body: schemaFor[replayBody]("ReplayCreate"), key: keyRequired, reply: schemaFor[paymux.Replay]("Replay"), status: http.StatusCreated,
		counted: schemaFor[replayCount]("ReplayCount"), serve: s.createReplay,
	}
}

func (s *Server) replayRoutes() []route {
	replay := schemaFor[paymux.Replay]("Replay")
	const one = "/v1/replays/{id}"
	return []route{
		{
			method: http.MethodGet, path: one, id: "getReplay", tag: "Replays", summary: "Retrieve a replay",
			service: paymux.ServiceManage, prefix: paymux.PrefixReplay, reply: replay, serve: s.getReplay,
		},
		{
			method: http.MethodPost, path: one + "/cancel", id: "cancelReplay", tag: "Replays", summary: "Cancel a replay",
			doc:     "Ends it where it is. What is queued already is delivered. An Idempotency-Key is not needed.",
			service: paymux.ServiceManage, prefix: paymux.PrefixReplay, body: schemaFor[emptyBody](""), bodyOK: true, reply: replay, serve: s.cancelReplay,
		},
	}
}

func (s *Server) createReplay(ctx context.Context, c *call) (answer, error) {
	b, err := decode[replayBody](c.body)
	if err != nil {
		return answer{}, err
	}
	if b.CountOnly {
		return s.countReplay(ctx, c, &b)
	}
	reply, err := s.once(ctx, c, func() (change, error) {
		r, err := s.newReplay(ctx, c, &b)
		if err != nil {
			return change{}, err
		}
		r.ID = paymux.ReplayID(s.newOf(r.Merchant, paymux.PrefixReplay))
		if r.Total, err = s.notifications.CountReplay(ctx, r); err != nil {
			return change{}, err
		}
		return change{object: string(r.ID), created: true, answer: r, commit: func(ctx context.Context, i *paymux.Idempotency) error {
			return s.notifications.StartReplay(ctx, r, i)
		}}, nil
	})
	if err == nil && reply.Replayed {
		err = s.goOn(ctx, c, &reply)
	}
	a, err := s.carryOut(c, reply, err)
	if a.location != "" {
		a.location = "/v1/replays/" + idOf(reply.Object)
	}
	return a, err
}

// goOn starts a replay that was kept once more: its first request may have ended before every region had begun it.
func (s *Server) goOn(ctx context.Context, c *call, reply *paymux.Reply) error {
	r, err := decode[paymux.Replay](reply.Object)
	if err != nil {
		return err
	}
	r.Merchant = c.caller.Merchant
	return s.notifications.StartReplay(ctx, r, nil)
}

func (s *Server) countReplay(ctx context.Context, c *call, b *replayBody) (answer, error) {
	r, err := s.newReplay(ctx, c, b)
	if err != nil {
		return answer{}, err
	}
	total, err := s.notifications.CountReplay(ctx, r)
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, replayCount{Total: total})
}

// newReplay is what the body asks for, without its ID and total.
func (s *Server) newReplay(ctx context.Context, c *call, b *replayBody) (paymux.Replay, error) {
	now := s.now().UTC()
	r := paymux.Replay{
		Object: "replay", Livemode: c.caller.Livemode, From: b.From.UTC(), To: now, Types: b.Types,
		Only: paymux.ReplayUndelivered, Status: paymux.ReplayRunning, CreatedAt: now, Merchant: c.caller.Merchant,
	}
	if b.To != nil && b.To.Before(now) {
		r.To = b.To.UTC()
	}
	if b.Only != "" {
		r.Only = b.Only
	}
	if err := checkRange(&r, b.To != nil); err != nil {
		return r, err
	}
	e, err := s.endpoint(ctx, c)
	if err != nil {
		return r, err
	}
	if e.Status != paymux.EndpointEnabled && !b.CountOnly {
		return r, paymux.Errorf(paymux.StateConflict, "Endpoint %s is %s and is sent nothing; set its status to enabled first.", e.ID, e.Status)
	}
	if r.Endpoint = e.ID; len(r.Types) == 0 {
		r.Types = e.ReplayTypes()
	}
	return r, nil
}

func checkRange(r *paymux.Replay, given bool) error {
	switch {
	case r.To.After(r.From) && r.To.Sub(r.From) <= longestReplay:
		return nil
	case r.To.After(r.From):
		return at(paymux.Errorf(paymux.InvalidRequest, "from is more than 400 days before to; replay a shorter range."), "body.from")
	case given:
		return at(paymux.Errorf(paymux.InvalidRequest, "to must be after from, and from in the past."), "body.to")
	}
	return at(paymux.Errorf(paymux.InvalidRequest, "from must be in the past."), "body.from")
}

func (s *Server) getReplay(ctx context.Context, c *call) (answer, error) {
	r, err := s.notifications.Replay(ctx, c.caller.Merchant, paymux.ReplayID(c.id))
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, r)
}

func (s *Server) cancelReplay(ctx context.Context, c *call) (answer, error) {
	r, err := s.notifications.CancelReplay(ctx, c.caller.Merchant, paymux.ReplayID(c.id))
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, r)
}
