package notify_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/queue"
)

// store is everything notify asks of a store, in memory. Its fields may be set before it is used by several goroutines.
type store struct {
	mu         sync.Mutex
	endpoints  []paymux.Endpoint
	events     []paymux.Event
	places     map[paymux.EventID]int // in events
	tasks      []queue.Task
	attempts   []paymux.Attempt
	replays    map[paymux.ReplayID]paymux.Replay
	notifyURLs map[paymux.PaymentID]string
	parked     map[string]int // by lane
	keeps      bool           // tasks; false: enqueue has them
	enqueue    func(...queue.Task)
	failing    []time.Time // every SetFailing
	ending     func()      // as an endpoint is being ended; mu is held
	revision   int64
	reads      int
	err        error                      // of everything
	errs       map[string]error           // of one method, once
	sealed     map[paymux.EndpointID]bool // whose secrets cannot be had
}

func newStore() *store {
	return &store{
		places: map[paymux.EventID]int{}, replays: map[paymux.ReplayID]paymux.Replay{}, notifyURLs: map[paymux.PaymentID]string{}, parked: map[string]int{},
		keeps: true, enqueue: func(...queue.Task) {}, errs: map[string]error{},
	}
}

var errDown = errors.New("down")

// enter begins a method; the caller unlocks.
func (s *store) enter(method string) error {
	s.mu.Lock()
	s.reads++
	if err := s.errs[method]; err != nil {
		delete(s.errs, method)
		return err
	}
	return s.err
}

func (s *store) fail(method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs[method] = errDown
}

func (s *store) put(e paymux.Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endpoints = append(s.endpoints, e)
}

// settle is what the queue commits of a verdict.
func (s *store) settle(t queue.Task, v queue.Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks = slices.DeleteFunc(s.tasks, func(other queue.Task) bool { return other.ID == t.ID })
	if !v.Done && !v.Bury {
		t.Due, t.LastError = v.Due, v.Reason
		if !v.Uncounted {
			t.Attempt++
		}
		s.tasks = append(s.tasks, t)
	}
	if v.Attempt != nil {
		s.attempts = append(s.attempts, *v.Attempt)
	}
}

func (s *store) add(tasks []queue.Task) {
	s.enqueue(tasks...)
	if !s.keeps {
		return
	}
	for _, t := range tasks {
		s.tasks = slices.DeleteFunc(s.tasks, func(o queue.Task) bool { return o.Kind == t.Kind && o.Ref == t.Ref && o.Lane == t.Lane })
		s.tasks = append(s.tasks, t)
	}
}

func (s *store) Endpoints(_ context.Context, m paymux.MerchantID) (all []paymux.Endpoint, err error) {
	err = s.enter("Endpoints")
	defer s.mu.Unlock()
	for _, e := range s.endpoints {
		if e.Merchant != m {
			continue
		}
		if s.sealed[e.ID] && err == nil {
			err = notify.ErrSecrets
		}
		if s.sealed[e.ID] {
			e.Secrets = nil
		}
		all = append(all, e)
	}
	return all, err
}

func (s *store) Endpoint(_ context.Context, m paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	err := s.enter("Endpoint")
	defer s.mu.Unlock()
	for _, e := range s.endpoints {
		if e.ID == id && e.Merchant == m {
			if s.sealed[id] {
				return paymux.Endpoint{}, paymux.Unavailable
			}
			return e, err
		}
	}
	return paymux.Endpoint{}, paymux.NotFound
}

// change replaces an endpoint; the caller holds mu.
func (s *store) change(id paymux.EndpointID, f func(*paymux.Endpoint)) {
	for i := range s.endpoints {
		if s.endpoints[i].ID == id {
			f(&s.endpoints[i])
		}
	}
}

func (s *store) EndEndpoint(_ context.Context, changed paymux.Endpoint, before time.Time) error {
	err := s.enter("EndEndpoint")
	defer s.mu.Unlock()
	if s.ending != nil {
		s.ending()
	}
	s.change(changed.ID, func(e *paymux.Endpoint) {
		switch {
		case err != nil:
		case !e.UpdatedAt.Equal(before):
			err = paymux.ErrStale
		default:
			*e = changed
			s.revision++
		}
	})
	return err
}

func (s *store) SetFailing(_ context.Context, id paymux.EndpointID, since time.Time) error {
	err := s.enter("SetFailing")
	defer s.mu.Unlock()
	if err == nil {
		s.failing = append(s.failing, since)
		s.change(id, func(e *paymux.Endpoint) { e.FailingSince = since })
	}
	return err
}

func (s *store) EventByID(_ context.Context, id paymux.EventID) (paymux.Event, error) {
	err := s.enter("EventByID")
	defer s.mu.Unlock()
	if i, ok := s.places[id]; ok {
		return s.events[i], err
	}
	return paymux.Event{}, paymux.NotFound
}

func (s *store) Siblings(_ context.Context, e paymux.Event, lane string) (all []notify.Sibling, err error) {
	err = s.enter("Siblings")
	defer s.mu.Unlock()
	for _, o := range s.events {
		if o.ObjectID != e.ObjectID || o.Merchant != e.Merchant || o.ID == e.ID {
			continue
		}
		pending := slices.ContainsFunc(s.tasks, func(t queue.Task) bool { return t.Ref == string(o.ID) && t.Lane == lane })
		all = append(all, notify.Sibling{ID: o.ID, Type: o.Type, Sequence: o.Data.Sequence, Pending: pending})
	}
	return all, err
}

func (s *store) NotifyURL(_ context.Context, id paymux.PaymentID) (string, error) {
	err := s.enter("NotifyURL")
	defer s.mu.Unlock()
	return s.notifyURLs[id], err
}

func (s *store) Emit(_ context.Context, e paymux.Event, tasks []queue.Task) error {
	err := s.enter("Emit")
	s.reads--
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	if _, there := s.places[e.ID]; there {
		return errors.New("the event is there already")
	}
	s.places[e.ID] = len(s.events)
	s.events = append(s.events, e)
	s.add(tasks)
	return nil
}

func (s *store) Enqueue(_ context.Context, tasks []queue.Task) error {
	err := s.enter("Enqueue")
	defer s.mu.Unlock()
	if err == nil {
		s.add(tasks)
	}
	return err
}

func (s *store) Revision(context.Context) (int64, error) {
	err := s.enter("Revision")
	defer s.mu.Unlock()
	return s.revision, err
}

// Notifications knows of those that were delivered and those that are dead.
func (s *store) Notifications(_ context.Context, f paymux.NotificationFilter) (all []paymux.Notification, _ paymux.EventID, err error) {
	err = s.enter("Notifications")
	defer s.mu.Unlock()
	for _, e := range slices.Backward(s.events) {
		n := paymux.Notification{Event: e.ID, Endpoint: f.Endpoint, Status: paymux.NotificationPending}
		for _, a := range s.attempts {
			switch {
			case a.Event != e.ID || a.Endpoint != f.Endpoint:
			case a.Result == paymux.AttemptDelivered:
				n.Status = paymux.NotificationDelivered
			case a.Result == paymux.AttemptDead:
				n.Status = paymux.NotificationDead
			}
		}
		if (f.Event == "" || f.Event == e.ID) && (f.Status == "" || f.Status == n.Status) {
			all = append(all, n)
		}
	}
	return all[:min(len(all), f.Limit)], "", err
}

func (s *store) Attempts(_ context.Context, _ paymux.MerchantID, event paymux.EventID, endpoint paymux.EndpointID) (all []paymux.Attempt, err error) {
	err = s.enter("Attempts")
	defer s.mu.Unlock()
	for _, a := range s.attempts {
		if a.Event == event && a.Endpoint == endpoint {
			all = append(all, a)
		}
	}
	return all, err
}

func (s *store) CountReplay(_ context.Context, r paymux.Replay) (int, error) {
	err := s.enter("CountReplay")
	defer s.mu.Unlock()
	return len(s.after(r)), err
}

func (s *store) CreateReplay(_ context.Context, r paymux.Replay, t queue.Task, _ *paymux.Idempotency) error {
	err := s.enter("CreateReplay")
	defer s.mu.Unlock()
	if _, there := s.replays[r.ID]; err == nil && there {
		err = paymux.ErrStale
	}
	if err == nil {
		s.replays[r.ID] = r
		s.add([]queue.Task{t})
	}
	return err
}

func (s *store) Replay(ctx context.Context, m paymux.MerchantID, id paymux.ReplayID) (paymux.Replay, error) {
	r, err := s.ReplayByID(ctx, id)
	if err == nil && r.Merchant != m {
		err = paymux.NotFound
	}
	return r, err
}

func (s *store) ReplayByID(_ context.Context, id paymux.ReplayID) (paymux.Replay, error) {
	err := s.enter("ReplayByID")
	defer s.mu.Unlock()
	r, ok := s.replays[id]
	if !ok {
		return r, paymux.NotFound
	}
	return r, err
}

func (s *store) after(r paymux.Replay) (all []paymux.EventID) {
	for _, e := range s.events {
		if e.ID > r.Cursor && e.Merchant == r.Merchant {
			all = append(all, e.ID)
		}
	}
	return all
}

func (s *store) Next(_ context.Context, r paymux.Replay, limit int) (events []paymux.EventID, last paymux.EventID, err error) {
	err = s.enter("Next")
	defer s.mu.Unlock()
	events = s.after(r)
	if events = events[:min(len(events), limit)]; len(events) > 0 {
		last = events[len(events)-1]
	}
	return events, last, err
}

func (s *store) Step(_ context.Context, r paymux.Replay, tasks []queue.Task) error {
	err := s.enter("Step")
	defer s.mu.Unlock()
	if err == nil && s.replays[r.ID].Status == paymux.ReplayRunning {
		s.replays[r.ID] = r
		s.add(tasks)
	}
	return err
}

func (s *store) Parked(_ context.Context, lane string, _ time.Time, _ queue.Cursor, limit int) ([]queue.Task, error) {
	err := s.enter("Parked")
	defer s.mu.Unlock()
	return make([]queue.Task, min(limit, s.parked[lane])), err
}
