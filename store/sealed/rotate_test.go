package sealed_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
	"github.com/paymux/paymux/store/sealed"
)

// Reseal walks through everything, in bounded steps that any process can take up.
func TestReseal(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		s := newScene(t, e)
		const rows = 120 // more than one step
		var olds []paymux.Key
		for range rows {
			k := s.key()
			s.must(s.engine.CreateKey(t.Context(), k, nil))
			olds = append(olds, k)
		}
		bearer := s.key()
		bearer.Kind, bearer.Shared, bearer.Digest = paymux.KeyBearer, "", []byte("digest")
		s.must(s.CreateKey(t.Context(), bearer, nil))
		old, oldEndpoint := s.older()
		k, endpoint := s.created()

		first, err := s.Reseal(t.Context(), sealed.Pass{})
		s.must(err)
		if first.Looked != 100 || first.Sealed != 100 || first.KeysDone {
			t.Errorf("a step: %+v", first)
		}
		other := s.replica("eu")
		p := first
		for !p.Done {
			p, err = other.Reseal(t.Context(), p)
			s.must(err)
		}
		want := sealed.Pass{Key: k.ID, Endpoint: endpoint.ID, KeysDone: true, Done: true, Looked: rows + 5, Sealed: rows + 2, Clear: rows + 2}
		if p != want {
			t.Errorf("the pass is %+v, want %+v", p, want)
		}
		s.under(0, append(s.resting(old.ID, oldEndpoint.ID), s.resting(k.ID, endpoint.ID)...))
		s.under(0, s.resting(olds[0].ID, endpoint.ID))
		s.has(s, old, oldEndpoint)
		s.has(s, olds[rows-1], endpoint)
		if p := s.pass(); p.Sealed != 0 || p.Looked != rows+5 {
			t.Errorf("the next pass is %+v", p)
		}
		s.must(s.Rotate(t.Context()))
		if p := s.pass(); p.Sealed != rows+4 || p.Clear != 0 {
			t.Errorf("the pass of the next data key is %+v", p)
		}
		if p, err := s.Reseal(t.Context(), want); p != want || err != nil {
			t.Errorf("a pass that is done: %+v, %v", p, err)
		}
	})
}

// A row that cannot be opened is counted and passed by; a key service that is away stops a pass where it can go on.
func TestResealMeetsTrouble(t *testing.T) {
	t.Parallel()
	s := newScene(t, engines["sqlite"])
	broken, _ := s.older()
	if ok, err := s.engine.ReplaceShared(t.Context(), broken.ID, broken.Shared, "sealed:1:unknown:AAAA"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	forged, endpoint := s.created()
	text := paymux.Secret(s.resting(forged.ID, endpoint.ID)[0])
	if ok, err := s.engine.ReplaceShared(t.Context(), forged.ID, text, text+"!"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	sound, soundEndpoint := s.older()
	s.service.away.Store(true)
	fresh := s.replica("eu")
	p, err := fresh.Reseal(t.Context(), sealed.Pass{})
	is(t, "a pass without the key service", err, paymux.Unavailable)
	if p != (sealed.Pass{}) {
		t.Errorf("it came to %+v", p)
	}
	s.service.away.Store(false)
	if p := s.pass(); p.Broken != 2 || p.Sealed != 3 {
		t.Errorf("the pass is %+v", p)
	}
	s.under(0, s.resting(sound.ID, soundEndpoint.ID))
}

// Data keys and the key that wraps them are changed while everybody reads and writes, in two processes. Nobody notices.
func TestRotationUnderLoad(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		s := newScene(t, e)
		for range 10 {
			s.older()
		}
		other := s.replica("eu")
		ctx, stop := context.WithCancel(t.Context())
		var workers sync.WaitGroup
		faults := make(chan error, 6)
		for n := range cap(faults) {
			store := sealed.Backing(s.Store)
			if n%2 == 1 {
				store = other
			}
			workers.Go(func() { faults <- s.work(ctx, store) })
		}
		for n := range 3 {
			s.must(s.Rotate(t.Context()))
			s.service.rotate(fmt.Sprintf("version %d of a key, no secret!!!", n)[:32])
			if n, err := s.Rewrap(t.Context()); n == 0 || err != nil {
				t.Error(n, err)
			}
			s.service.destroyOld()
			s.pass()
			s.clock.pass(time.Minute) // the other process looks at the list again
			s.pass()
		}
		stop()
		workers.Wait()
		close(faults)
		for err := range faults {
			if err != nil {
				t.Error(err)
			}
		}
		s.pass()
		if p := s.pass(); p.Sealed+p.Raced+p.Broken != 0 {
			t.Errorf("the last pass is %+v", p)
		}
		s.again()
		if list, err := s.Endpoints(t.Context(), s.merchant.ID); len(list) < 10+6 || err != nil {
			t.Errorf("%d endpoints, %v", len(list), err)
		}
	})
}

// work makes a key and an endpoint and changes and reads them until ctx ends.
func (s *scene) work(ctx context.Context, store sealed.Backing) error {
	k, e := s.key(), s.endpoint()
	if err := store.CreateKey(s.t.Context(), k, nil); err != nil {
		return err
	}
	if err := store.CreateEndpoint(s.t.Context(), e, nil); err != nil {
		return err
	}
	for ctx.Err() == nil {
		e.Secrets = append([]paymux.SigningSecret{{Value: s.endpoint().Secrets[0].Value}}, e.Secrets[:1]...)
		if err := store.UpdateEndpoint(s.t.Context(), e, nil); err != nil {
			return fmt.Errorf("update: %w", err)
		}
		if err := s.reads(s.t.Context(), store, k, e); err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
	return nil
}

// hooked is a keyring where something happens once, at the worst moment.
type hooked struct {
	sealed.Keyring
	once                 sync.Once
	listed, add, rewrite func()
}

func (h *hooked) happen(what func()) {
	if what != nil {
		h.once.Do(what)
	}
}

func (h *hooked) DataKeys(ctx context.Context) ([]paymux.DataKey, error) {
	list, err := h.Keyring.DataKeys(ctx)
	h.happen(h.listed)
	return list, err
}

func (h *hooked) AddDataKey(ctx context.Context, k paymux.DataKey) error {
	h.happen(h.add)
	return h.Keyring.AddDataKey(ctx, k)
}

func (h *hooked) RewrapDataKey(ctx context.Context, was, now paymux.DataKey) (bool, error) {
	h.happen(h.rewrite)
	return h.Keyring.RewrapDataKey(ctx, was, now)
}

// Whenever the key service's key is rotated and data keys are wrapped anew, once the version before is destroyed all of
// them still open: those that are being opened, made or wrapped anew by somebody else at that moment, too.
func TestRewrapAtTheWorstMoment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hook func(h *hooked, rotate func())
		act  func(s *scene, other *sealed.Store) error
	}{
		"while it is opened": {
			func(h *hooked, rotate func()) { h.listed = rotate },
			func(s *scene, other *sealed.Store) error { return other.Warm(s.t.Context()) },
		},
		"before it can be seen": {
			func(h *hooked, rotate func()) { h.add = rotate },
			func(s *scene, other *sealed.Store) error { return other.Rotate(s.t.Context()) },
		},
		"while another wraps it with the version before": {
			func(h *hooked, rotate func()) { h.rewrite = rotate },
			func(s *scene, other *sealed.Store) error {
				_, err := other.Rewrap(s.t.Context())
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, engines["sqlite"])
			k, e := s.created()
			h := &hooked{Keyring: s.engine}
			c.hook(h, func() {
				s.service.rotate("another version, no secret at all"[:32])
				if n, err := s.Rewrap(t.Context()); n != 1 || err != nil {
					t.Error(n, err)
				}
				if h.add == nil {
					s.service.destroyOld()
				}
			})
			other := sealed.New(sealed.Config{Engine: s.engine, Keyring: h, Service: s.service, Wrapper: wrapper, Region: "eu", Now: s.clock.now, Log: quiet})
			s.must(c.act(s, other))
			s.service.destroyOld()
			s.has(other, k, e)
			k, e = s.key(), s.endpoint()
			s.must(other.CreateKey(t.Context(), k, nil))
			s.must(other.CreateEndpoint(t.Context(), e, nil))
			s.must(s.replica("eu").Warm(t.Context()))
			s.has(s.replica("eu"), k, e)
		})
	}
}

// Of two who wrap a data key anew, the second goes over the first's: it may have used the version before.
func TestTwoRewraps(t *testing.T) {
	t.Parallel()
	s := newScene(t, engines["sqlite"])
	k, e := s.created()
	h := &hooked{Keyring: s.engine}
	h.rewrite = func() {
		if n, err := s.Rewrap(t.Context()); n != 1 || err != nil { // with the version before
			t.Error(n, err)
		}
		s.service.rotate("another version, no secret at all"[:32])
	}
	other := sealed.New(sealed.Config{Engine: s.engine, Keyring: h, Service: s.service, Wrapper: wrapper, Region: "eu", Now: s.clock.now, Log: quiet})
	if n, err := other.Rewrap(t.Context()); n != 1 || err != nil {
		t.Error(n, err)
	}
	s.service.destroyOld()
	s.has(s.replica("eu"), k, e)
}

// Two processes that begin together may each make a data key. Both are good, and in the end one seals.
func TestTwoFirstDataKeys(t *testing.T) {
	t.Parallel()
	s := newScene(t, engines["sqlite"])
	other := s.replica("eu")
	s.must(s.Rotate(t.Context()))
	k, e := s.created() // with the first
	s.must(other.Rotate(t.Context()))
	s.has(other, k, e)
	late, lateEndpoint := s.created() // still with the first
	s.under(0, s.resting(late.ID, lateEndpoint.ID))
	s.has(other, late, lateEndpoint)
	s.clock.pass(time.Minute)
	k, e = s.created()
	s.under(1, s.resting(k.ID, e.ID))
	s.has(s, k, e)
	s.has(other, k, e)
}

// A data key is the newest whatever the clock of its maker says.
func TestRotateWithAClockThatWentBack(t *testing.T) {
	t.Parallel()
	s := newScene(t, engines["sqlite"])
	s.created()
	s.clock.pass(-time.Hour)
	s.must(s.Rotate(t.Context()))
	k, e := s.created()
	s.under(1, s.resting(k.ID, e.ID))
	s.again()
	k, e = s.created()
	s.under(1, s.resting(k.ID, e.ID))
}

// With the key service itself: its key is rotated, data keys are wrapped anew, its old version is destroyed.
func TestWithTheKeyService(t *testing.T) {
	t.Parallel()
	s := newScene(t, engines["sqlite"])
	dir := t.TempDir()
	keysMaster, closeMaster, err := keys.OpenMaster("file:"+filepath.Join(dir, "master"), true)
	s.must(err)
	defer closeMaster()
	service, err := keys.Open(t.Context(), keys.Config{Path: filepath.Join(dir, "keys.db"), Create: true, Master: keysMaster, Log: quiet})
	s.must(err)
	defer service.Close()
	operator := service.By("operator")
	_, err = operator.Generate(t.Context(), keys.Draft{
		Name: wrapper, Kind: keyring.AESGCM, Owner: "platform", Callers: []string{"node-eu"}, Activate: true,
		Uses: []keys.Use{keys.UseEncrypt, keys.UseDecrypt},
	})
	s.must(err)
	replica := func() *sealed.Store {
		return sealed.New(sealed.Config{Engine: s.engine, Service: service.As("node-eu"), Wrapper: wrapper, Region: "eu", Now: s.clock.now, Log: quiet})
	}
	first := replica()
	k, e := s.key(), s.endpoint()
	s.must(first.CreateKey(t.Context(), k, nil))
	s.must(first.CreateEndpoint(t.Context(), e, nil))
	_, err = operator.Rotate(t.Context(), keys.Draft{Name: wrapper}, "")
	s.must(err)
	s.has(replica(), k, e)
	if n, err := first.Rewrap(t.Context()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	s.must(operator.Destroy(t.Context(), wrapper, 1))
	s.has(replica(), k, e)
	s.must(operator.Forbid(t.Context(), wrapper, "node-eu"))
	_, _, err = replica().Key(t.Context(), k.ID)
	is(t, "a caller that is not permitted", err, keys.ErrForbidden)
	is(t, "a caller that is not permitted", err, paymux.Unavailable)
	s.has(first, k, e)
}
