package access

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/paymux/paymux"
)

func (s *Server) eventRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/v1/events", id: "listEvents", tag: "Events", summary: "List events",
			doc: "Newest first, as their notifications carry them.", service: paymux.ServiceQuery, reply: schemaFor[page[paymux.Event]]("EventList"),
			query: []param{
				cursorParam(), limitParam(), enumParam("type", "of this type", words(paymux.EventTypes())),
				idParam("object_id", "about this payment, refund or dispute"),
			},
			serve: s.listEvents,
		},
		{
			method: http.MethodGet, path: "/v1/events/{id}", id: "getEvent", tag: "Events", summary: "Retrieve an event",
			service: paymux.ServiceQuery, prefix: paymux.PrefixEvent, reply: schemaFor[paymux.Event]("Event"), serve: s.getEvent,
		},
	}
}

// eventBody is an event as it was sent to merchants.
func eventBody(e *paymux.Event) (json.RawMessage, error) {
	if len(e.Body) > 0 {
		return e.Body, nil
	}
	return json.Marshal(e)
}

func (s *Server) getEvent(ctx context.Context, c *call) (answer, error) {
	e, err := s.events.Event(ctx, c.caller.Merchant, paymux.EventID(c.id))
	if err != nil {
		return answer{}, err
	}
	body, err := eventBody(&e)
	return answer{status: http.StatusOK, body: body}, err
}

func (s *Server) listEvents(ctx context.Context, c *call) (answer, error) {
	p, err := s.page(c, paymux.PrefixEvent)
	if err != nil {
		return answer{}, err
	}
	about, err := s.objectID(c)
	if err != nil {
		return answer{}, err
	}
	f := paymux.EventFilter{Merchant: c.caller.Merchant, Type: paymux.EventType(c.query.get("type")), ObjectID: about}
	return listAnswer(p, func(p paymux.Page) ([]json.RawMessage, error) {
		f.Page = p
		events, err := s.events.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		bodies := make([]json.RawMessage, len(events))
		for i := range events {
			if bodies[i], err = eventBody(&events[i]); err != nil {
				return nil, err
			}
		}
		return bodies, nil
	}, func(body *json.RawMessage) string { return idOf(*body) })
}

// objectID checks the filter by object, whatever kind of object it is.
func (s *Server) objectID(c *call) (string, error) {
	id := c.query.get("object_id")
	prefix, _, _ := strings.Cut(id, "_")
	switch prefix + "_" {
	case paymux.PrefixRefund, paymux.PrefixDispute, paymux.PrefixEndpoint:
		return s.optionalID(c, "object_id", prefix+"_")
	}
	return s.optionalID(c, "object_id", paymux.PrefixPayment)
}
