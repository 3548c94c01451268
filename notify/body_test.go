package notify_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
)

// largest is a payment with as much metadata as the front door takes, in characters that take most bytes.
func largest() *paymux.Payment {
	p := &paymux.Payment{ID: "pay_1", Object: "payment", Status: paymux.Succeeded, Metadata: map[string]string{}}
	for i := range 50 {
		p.Metadata[fmt.Sprintf("%040d", i)] = strings.Repeat("<", 500)
	}
	return p
}

// Standard Webhooks asks for less than 20 kB. A payment can be larger; what is sent of it is not.
func TestLargeEventsAreReduced(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(200))
	to := h.endpoint(s.URL)
	e, tasks := h.event(func(e *paymux.Event) {
		e.Data.Object = largest().AppendJSON(nil)
		e.Data.Previous = map[string]string{"status": "processing"}
	})
	if len(e.Body) < 100_000 {
		t.Fatalf("the event has %d bytes only", len(e.Body))
	}
	tasks[0].Attempt = 1
	for range 2 { // the same for every attempt
		if v := h.handle(tasks[0]); !v.Done {
			t.Fatalf("verdict %+v", v)
		}
	}
	got, again := <-s.got, <-s.got
	if string(got.body) != string(again.body) {
		t.Error("two attempts send different bodies")
	}
	if err := webhook.Verify(to.Secrets[0].Value.Reveal(), got.header, got.body, h.Now()); err != nil {
		t.Error(err)
	}
	if len(got.body) >= 20_000 {
		t.Errorf("%d bytes were sent", len(got.body))
	}
	var event struct {
		paymux.Event
		Data struct {
			paymux.EventData
			Object  paymux.Payment `json:"object"`
			Omitted []string
			Full    string
		} `json:"data"`
	}
	if err := json.Unmarshal(got.body, &event); err != nil {
		t.Fatal(err)
	}
	if event.ID != e.ID || event.Type != e.Type || !event.Timestamp.Equal(e.Timestamp) || event.Data.Sequence != 3 || event.Data.Previous["status"] != "processing" {
		t.Errorf("event %+v", event)
	}
	if o := event.Data.Object; o.ID != "pay_1" || o.Object != "payment" || o.Status != paymux.Succeeded || o.Metadata != nil {
		t.Errorf("object %+v", o)
	}
	if diff := cmp.Diff([]string{"metadata"}, event.Data.Omitted); diff != "" || event.Data.Full != "/v1/events/"+string(e.ID) {
		t.Errorf("%s %s", diff, event.Data.Full)
	}
}

func TestOrdinaryEventsAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := listen(t, status(200))
	h.endpoint(s.URL)
	e, tasks := h.event(func(e *paymux.Event) {
		e.Data.Object = json.RawMessage(`{"id":"pay_1","text":"` + strings.Repeat("x", 19_000) + `"}`)
	})
	h.handle(tasks[0])
	if got := <-s.got; string(got.body) != string(e.Body) {
		t.Errorf("%d bytes of %d were sent", len(got.body), len(e.Body))
	}
}
