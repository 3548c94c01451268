package access

import (
	"context"
	"net/http"
	"regexp"

	"github.com/paymux/paymux"
)

// Channels shows operators the channels and carries out what they decide about their packages.
type Channels interface {
	Statuses(ctx context.Context) ([]paymux.ChannelStatus, error)
	// Decide returns the channel as it is afterwards. Errors are of Code InvalidRequest or Unavailable.
	Decide(ctx context.Context, d paymux.RolloutChange) (paymux.ChannelStatus, error)
}

// rolloutBody is an operator's decision about one channel.
type rolloutBody struct {
	Action  paymux.RolloutAction `json:"action" need:"true" doc:"try puts a version on trial as the canary; promote makes it the stable one; withdraw takes everything from it; kill lets the channel take no new payments; revive ends that; shadow has a version asked every query, too" example:"try"`
	Version string               `json:"version" need:"false" len:"1-64" doc:"the version meant by try, promote, withdraw and shadow" example:"1.5.0"`
	Stable  string               `json:"stable" need:"false" len:"1-64" doc:"with try: the version that keeps the rest; the one that is stable now if not given" example:"1.4.2"`
	Percent int                  `json:"percent" need:"false" range:"1-100" doc:"with try: how many of a hundred payments the canary gets" example:"10"`
	Reason  string               `json:"reason" need:"false" len:"1-255" doc:"kept with the decision; kill needs one" example:"release of the week"`
}

func (s *Server) channelRoutes() []route {
	one := schemaFor[paymux.ChannelStatus]("Channel")
	return []route{
		{method: http.MethodGet, path: "/ops/v1/channels", id: "opsListChannels", summary: "List channels", doc: "What runs of each channel, what each version is given, and what came of it.", reply: schemaFor[page[paymux.ChannelStatus]]("ChannelList"), serve: s.listChannels},
		{method: http.MethodPost, path: "/ops/v1/channels/{channel}/rollout", id: "opsRollout", summary: "Decide about a channel's versions", body: schemaFor[rolloutBody]("RolloutChange"), reply: one, serve: s.rollout},
	}
}

func (s *Server) listChannels(ctx context.Context, _ *call) (answer, error) {
	list, err := s.channels.Statuses(ctx)
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, pageOf(list))
}

var channelName = regexp.MustCompile(`^[a-z][a-z0-9]{0,31}$`)

func (s *Server) rollout(ctx context.Context, c *call) (answer, error) {
	b, err := decode[rolloutBody](c.body)
	if err != nil {
		return answer{}, err
	}
	name := c.r.PathValue("channel")
	if !channelName.MatchString(name) {
		return answer{}, paymux.Errorf(paymux.InvalidRequest, "A channel's name has lower case letters and digits.").At("path.channel")
	}
	status, err := s.channels.Decide(ctx, paymux.RolloutChange{
		Channel: name, Action: b.Action, Version: b.Version, Stable: b.Stable, Percent: b.Percent, Who: "operator", Reason: b.Reason,
	})
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, status)
}
