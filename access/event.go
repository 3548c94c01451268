package access

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/paymux/paymux"
)

// Orders of the list of events.
const (
	newestFirst = "newest_first"
	oldestFirst = "oldest_first"
)

func (s *Server) eventRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/v1/events", id: "listEvents", tag: "Events", summary: "List events",
			doc: "As their notifications carry them, newest first. With order=oldest_first the list is for pulling: in the order in which events were committed, " +
				"so that a reader who sends the next_cursor of each answer with the next request never misses one. Then next_cursor is there on an empty page, too, which means that there is nothing new yet.",
			service: paymux.ServiceQuery, reply: schemaFor[page[paymux.Event]]("EventList"),
			query: []param{
				positionParam(), limitParam(), enumParam("type", "of this type", words(paymux.EventTypes())),
				enumParam("order", "newest_first if not given", []string{newestFirst, oldestFirst}),
				idParam("object_id", "about this payment, refund or dispute"),
			},
			serve: s.listEvents,
		},
		{
			method: http.MethodGet, path: "/v1/events/{id}", id: "getEvent", tag: "Events", summary: "Retrieve an event",
			service: paymux.ServiceQuery, prefix: paymux.PrefixEvent, reply: schemaFor[paymux.Event]("Event"), serve: s.getEvent,
		},
		{
			method: http.MethodGet, path: "/v1/events/stream", id: "streamEvents", tag: "Events", summary: "Stream events",
			doc: "Server-sent events: id is where the reader stands (the event's ID or, where there are several regions, one of each), event its type, data its body in one line. " +
				"Begins with what happens from now on or, with the Last-Event-ID header or last_event_id, behind that id, and never passes an event over; start means all that are kept. A comment comes every 15 seconds. A reader that does not keep up is cut off, and every stream ends after an hour: connect again with the last ID.",
			service: paymux.ServiceQuery, media: eventStreamed, reply: &schema{kind: kindString, doc: "text/event-stream"},
			query: []param{
				positionIDParam("last_event_id", "the last id the reader has got, for readers that cannot send the Last-Event-ID header; start: none yet"),
				enumParam("type", "of this type", words(paymux.EventTypes())),
			},
			serve: s.streamEvents,
		},
		{
			method: http.MethodGet, path: "/v1/events/{id}/attempts", id: "listAttempts", tag: "Events", summary: "List the attempts to deliver an event",
			doc:     "Oldest first, with headers and the beginning of the answer. The body of each request was the event itself, as GET /v1/events/{id} has it.",
			service: paymux.ServiceManage, prefix: paymux.PrefixEvent, reply: schemaFor[page[paymux.Attempt]]("AttemptList"),
			query: []param{idParam("endpoint", "to this endpoint")}, serve: s.listAttempts,
		},
		{
			method: http.MethodPost, path: "/v1/events/{id}/resend", id: "resendEvent", tag: "Events", summary: "Send an event again",
			doc:     "Sends the event once more, with the same webhook-id: to one endpoint, or to all enabled ones that want it. An Idempotency-Key is not needed.",
			service: paymux.ServiceManage, prefix: paymux.PrefixEvent, body: schemaFor[resendBody]("EventResend"), bodyOK: true,
			reply: schemaFor[resent]("EventResent"), serve: s.resendEvent,
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
	p, err := s.pageFrom(c, paymux.PrefixEvent)
	if err != nil {
		return answer{}, err
	}
	about, err := s.objectID(c)
	if err != nil {
		return answer{}, err
	}
	f := paymux.EventFilter{
		Merchant: c.caller.Merchant, Type: paymux.EventType(c.query.get("type")), ObjectID: about,
		Oldest: c.query.get("order") == oldestFirst,
	}
	if f.Oldest && p.After != "" {
		if err := s.known(ctx, c, p.After, "query.cursor"); err != nil {
			return answer{}, err
		}
	}
	out, err := positionPage(p, s.eventBodies(ctx, f), func(body *json.RawMessage) string { return idOf(*body) })
	if err != nil {
		return answer{}, err
	}
	if f.Oldest {
		out.NextCursor = p.After
		for _, body := range out.Data {
			out.NextCursor = paymux.MoveOn(out.NextCursor, idOf(body))
		}
	}
	return answerWith(http.StatusOK, out)
}

// eventBodies reads pages of events as merchants were sent them.
func (s *Server) eventBodies(ctx context.Context, f paymux.EventFilter) func(paymux.Page) ([]json.RawMessage, error) {
	return func(p paymux.Page) ([]json.RawMessage, error) {
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
	}
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
