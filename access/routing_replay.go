package access

import (
	"context"
	"net/http"
	"time"

	"github.com/paymux/paymux"
)

type routingReplayBody struct {
	Document string            `json:"document" need:"false" len:"1-1048576" format:"text" doc:"by this rule set, in YAML or JSON; or"`
	Draft    string            `json:"draft" need:"false" len:"1-64" doc:"by this draft; or"`
	Version  int64             `json:"version" need:"false" range:"1-9007199254740991" doc:"by this version; by what is in force if nothing is given"`
	Region   string            `json:"region" need:"false" len:"1-4" doc:"number of the region whose payments are replayed; that of the node which is asked if not given" example:"1"`
	Merchant paymux.MerchantID `json:"merchant" need:"false" len:"1-64" doc:"of this merchant only"`
	Mode     mode              `json:"mode" need:"false" doc:"of live or of test merchants only"`
	From     time.Time         `json:"from" need:"false" doc:"made since this time"`
	To       time.Time         `json:"to" need:"false" doc:"made before this time"`
	After    paymux.PaymentID  `json:"after" need:"false" len:"1-64" doc:"go on behind this payment: next of an earlier replay"`
	Payments int               `json:"payments" need:"false" range:"1-1000000" doc:"how many at most; 100,000 if not given"`
	Moves    int               `json:"moves" need:"false" range:"1-1000" doc:"how many that would move to list at most; 100 if not given"`
}

// mode is whether real money moves.
type mode string

const replayDoc = "What would have moved whereto, what would have come of it and what it would have cost, over payments of one region. Nothing is touched. The first attempts are compared; " +
	"what success and costs are expected of what moves is learnt from the payments themselves, and has an interval that holds the true value in 95 of 100 cases."

func (s *Server) routingReplayRoute() route {
	return route{
		method: http.MethodPost, path: "/ops/v1/routing/replay", id: "opsReplayRouting", summary: "Replay past payments by a rule set", doc: replayDoc,
		body: schemaFor[routingReplayBody]("RoutingReplayRequest"), limit: ruleSetLimit, reply: schemaFor[paymux.RoutingReplay]("RoutingReplay"), serve: s.replayRouting,
	}
}

func (s *Server) replayRouting(ctx context.Context, c *call) (answer, error) {
	b, err := decode[routingReplayBody](c.body)
	if err != nil {
		return answer{}, err
	}
	rules, err := chosenRules(b.Document, b.Draft, b.Version)
	if err != nil {
		return answer{}, err
	}
	for _, one := range []struct{ name, prefix, id string }{
		{"merchant", paymux.PrefixMerchant, string(b.Merchant)}, {"after", paymux.PrefixPayment, string(b.After)},
	} {
		if one.id == "" {
			continue
		}
		if err := s.ids.Check(one.prefix, one.id); err != nil {
			return answer{}, at(err, "body."+one.name)
		}
	}
	if !b.To.IsZero() && !b.From.Before(b.To) {
		return answer{}, at(paymux.Errorf(paymux.InvalidRequest, "from has to be before to."), "body.from")
	}
	return answered(s.ruleSetTrials.ReplayRouting(ctx, paymux.RuleSetReplay{
		Rules: rules, Region: b.Region, Merchant: b.Merchant, Mode: string(b.Mode),
		From: b.From.UTC(), To: b.To.UTC(), After: b.After, Payments: b.Payments, Moves: b.Moves,
	}))
}
