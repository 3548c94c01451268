package access

import (
	"context"
	"errors"
	"net/http"

	"github.com/paymux/paymux"
)

var notificationStatuses = []paymux.NotificationStatus{
	paymux.NotificationPending, paymux.NotificationDelivered, paymux.NotificationDead, paymux.NotificationDropped,
}

func (s *Server) listNotifications(ctx context.Context, c *call) (answer, error) {
	p, err := s.pageFrom(c, paymux.PrefixEvent)
	if err != nil {
		return answer{}, err
	}
	event, err := s.optionalID(c, "event", paymux.PrefixEvent)
	if err != nil {
		return answer{}, err
	}
	f := paymux.NotificationFilter{
		Merchant: c.caller.Merchant, Endpoint: paymux.EndpointID(c.id), Event: paymux.EventID(event),
		Status: paymux.NotificationStatus(c.query.get("status")), Page: p,
	}
	list, next, err := s.notificationLog.Notifications(ctx, f)
	if err != nil {
		return answer{}, err
	}
	out := pageOf(list)
	out.HasMore, out.NextCursor = next != "", string(next)
	return answerWith(http.StatusOK, out)
}

func (s *Server) listAttempts(ctx context.Context, c *call) (answer, error) {
	endpoint, err := s.optionalID(c, "endpoint", paymux.PrefixEndpoint)
	if err != nil {
		return answer{}, err
	}
	attempts, err := s.notificationLog.Attempts(ctx, c.caller.Merchant, paymux.EventID(c.id), paymux.EndpointID(endpoint))
	if err != nil {
		return answer{}, err
	}
	for i := range attempts {
		attempts[i].RequestHeader = attempts[i].Sent()
	}
	return answerWith(http.StatusOK, pageOf(attempts))
}

type resendBody struct {
	Endpoint paymux.EndpointID `json:"endpoint" need:"false" len:"1-64" format:"id" doc:"to this endpoint only; to all that want the event if not given"`
}

// resent tells where an event goes once more.
type resent struct {
	Event     paymux.EventID      `json:"event"`
	Endpoints []paymux.EndpointID `json:"endpoints" doc:"to which it is sent"`
}

func (s *Server) resendEvent(ctx context.Context, c *call) (answer, error) {
	b, err := decode[resendBody](c.body)
	if err != nil {
		return answer{}, err
	}
	if b.Endpoint != "" {
		if err := s.ids.Check(paymux.PrefixEndpoint, string(b.Endpoint)); err != nil {
			return answer{}, at(err, "body.endpoint")
		}
	}
	endpoints, err := s.notifications.Resend(ctx, c.caller.Merchant, paymux.EventID(c.id), b.Endpoint)
	if err != nil {
		return answer{}, err
	}
	if endpoints == nil {
		endpoints = []paymux.EndpointID{}
	}
	return answerWith(http.StatusOK, resent{Event: paymux.EventID(c.id), Endpoints: endpoints})
}

// notifyURL checks a payment's own URL: it may be sent to, and an endpoint is there that signs and schedules.
func (s *Server) notifyURL(ctx context.Context, in *input, url string) error {
	if url == "" {
		return nil
	}
	location := in.at + ".notify_url"
	if err := liveURL(url, in.caller.Livemode, location); err != nil {
		return err
	}
	list, err := s.endpoints.Endpoints(ctx, in.caller.Merchant)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].PerPayment && list[i].Status == paymux.EndpointEnabled {
			return nil
		}
	}
	// A repeat gets its first answer, whatever has become of the endpoint since.
	_, err = s.answers.Idempotency(ctx, in.caller.Merchant, in.caller.Idempotency)
	if err == nil || !errors.Is(err, paymux.NotFound) {
		return err
	}
	return at(paymux.Errorf(paymux.InvalidRequest, "notify_url needs an enabled endpoint with per_payment true, which signs and schedules what goes there. "+
		"Make one by POST /v1/webhook_endpoints with {\"per_payment\":true}, or enable the one there is."), location)
}
