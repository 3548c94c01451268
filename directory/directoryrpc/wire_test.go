package directoryrpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/directory/directoryrpc"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wiretest"
)

var self = directory.Peer{Name: "eu-1", Number: 2}

// source answers as it is told and notes what it is asked.
type source struct {
	asked  []string
	answer func(ctx context.Context, after int64, limit int) (directory.Changes, error)
}

func (s *source) Changes(ctx context.Context, after int64, limit int) (directory.Changes, error) {
	s.asked = append(s.asked, fmt.Sprint(after, " ", limit))
	return s.answer(ctx, after, limit)
}

// line is both ends of the wire, each with a connection of its own.
type line struct {
	*directoryrpc.Client
	source *source
	server *rpc.Server
	log    *bytes.Buffer
}

func newLine(t *testing.T, maxPayload int32) *line {
	t.Helper()
	m := wiretest.Open(t, maxPayload)
	l := &line{Client: directoryrpc.NewClient(m.Connect()), source: &source{}, log: &bytes.Buffer{}}
	l.server = rpc.NewServer(rpc.Config{Conn: m.Connect(), Group: "nodes", Faults: directoryrpc.Faults(), Log: slog.New(slog.NewTextHandler(l.log, nil))})
	if err := errors.Join(directoryrpc.Serve(l.server, self, l.source), l.server.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.server.Stop(context.Background()) })
	return l
}

var ids = map[paymux.Region]*paymux.IDs{
	2: paymux.NewIDs([]byte("only for tests, no secret"), 2, time.Now),
	3: paymux.NewIDs([]byte("only for tests, no secret"), 3, time.Now),
}

func merchantOf(region paymux.Region) paymux.MerchantID {
	return paymux.MerchantID(ids[region].New(paymux.PrefixMerchant))
}

// filled has something in every field, of merchants of these regions.
func filled(seed uint64, first, second paymux.Region) directory.Changes {
	var c directory.Changes
	wiretest.Fill(&c, seed)
	for i, region := range []paymux.Region{first, second} {
		c.Merchants[i].ID, c.Keys[i].Merchant, c.Endpoints[i].Endpoint.Merchant = merchantOf(region), merchantOf(region), merchantOf(region)
	}
	return c
}

// Every field of every row arrives, secrets in clear, and what was asked is what is answered.
func TestNothingIsLostOnTheWay(t *testing.T) {
	t.Parallel()
	l := newLine(t, 0)
	for seed := range uint64(10) {
		want := filled(seed, 2, 2)
		l.source.answer = func(context.Context, int64, int) (directory.Changes, error) { return want, nil }
		got, err := l.Changes(t.Context(), "eu-1", int64(seed)<<40, 70)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%v (-told +heard):\n%s", err, diff)
		}
		if want := fmt.Sprint(int64(seed)<<40, " 70"); !slices.Equal(l.source.asked, []string{want}) {
			t.Fatalf("the source was asked %q, want %q", l.source.asked, want)
		}
		l.source.asked = nil
	}
}

// A region tells of merchants whose home it is, and of no others, wherever they come from.
func TestOthersMerchantsAreNotTold(t *testing.T) {
	t.Parallel()
	l := newLine(t, 0)
	all := filled(1, 3, 2)
	l.source.answer = func(context.Context, int64, int) (directory.Changes, error) { return all, nil }
	want := all
	want.Merchants, want.Keys, want.Endpoints = all.Merchants[1:], all.Keys[1:], all.Endpoints[1:]
	got, err := l.Changes(t.Context(), "eu-1", 0, 10)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
}

// shelf has changes of about a kilobyte each; the revision of the n-th is n+1.
func shelf(n int) func(context.Context, int64, int) (directory.Changes, error) {
	long, home := strings.Repeat("x", 1000), merchantOf(2)
	return func(_ context.Context, after int64, limit int) (directory.Changes, error) {
		c := directory.Changes{UpTo: after}
		for ; c.UpTo < int64(n) && len(c.Endpoints) < limit; c.UpTo++ {
			c.Endpoints = append(c.Endpoints, directory.Endpoint{Revision: c.UpTo + 1, Endpoint: paymux.Endpoint{Merchant: home, Description: long}})
		}
		c.More = c.UpTo < int64(n)
		return c, nil
	}
}

// What does not fit a message comes in several, and all of it comes.
func TestPagesFitMessages(t *testing.T) {
	t.Parallel()
	l := newLine(t, 16<<10)
	l.source.answer = shelf(100)
	at, pages := int64(0), 0
	for more := true; more; pages++ {
		c, err := l.Changes(t.Context(), "eu-1", at, 100)
		if err != nil || c.UpTo-at != int64(len(c.Endpoints)) || len(c.Endpoints) == 0 {
			t.Fatalf("behind %d: %d endpoints up to %d, %v", at, len(c.Endpoints), c.UpTo, err)
		}
		for _, e := range c.Endpoints {
			if at++; e.Revision != at {
				t.Fatalf("revision %d, want %d", e.Revision, at)
			}
		}
		more = c.More
	}
	if at != 100 || pages < 9 || pages > 20 {
		t.Errorf("%d changes in %d messages", at, pages)
	}
}

func TestErrorsAreTheRegions(t *testing.T) {
	t.Parallel()
	l := newLine(t, 0)
	l.source.answer = func(context.Context, int64, int) (directory.Changes, error) {
		return filled(1, 2, 2), paymux.Errorf(paymux.Unavailable, "Secrets cannot be opened.")
	}
	got, err := l.Changes(t.Context(), "eu-1", 0, 1)
	if !errors.Is(err, paymux.Unavailable) || !cmp.Equal(got, directory.Changes{}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []struct {
		after int64
		limit int
	}{{-1, 1}, {0, 0}} {
		if _, err := l.Changes(t.Context(), "eu-1", bad.after, bad.limit); !errors.Is(err, paymux.InvalidRequest) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, region := range []string{"", "a.b", "*", ">"} {
		if _, err := l.Changes(t.Context(), region, 0, 1); err == nil || errors.Is(err, paymux.Unavailable) {
			t.Errorf("region %q is asked: %v", region, err)
		}
		if err := directoryrpc.Serve(l.server, directory.Peer{Name: region}, l.source); err == nil {
			t.Errorf("region %q is served", region)
		}
	}
	if _, err := l.Changes(t.Context(), "eu-2", 0, 1); !errors.Is(err, paymux.Unavailable) {
		t.Errorf("a region that nobody serves: %v", err)
	}
}

// Neither end logs or quotes a secret, whatever goes wrong.
func TestNoSecretIsQuoted(t *testing.T) {
	t.Parallel()
	l := newLine(t, 16<<10)
	secret := strings.Repeat("whsec_secret", 3000)
	l.source.answer = func(context.Context, int64, int) (directory.Changes, error) {
		return directory.Changes{UpTo: 1, Keys: []paymux.Key{{Merchant: merchantOf(2), Shared: paymux.Secret(secret)}}}, nil
	}
	_, err := l.Changes(t.Context(), "eu-1", 0, 1)
	if err == nil || strings.Contains(err.Error()+l.log.String(), "whsec_secret") {
		t.Errorf("what fits no message: %.200v; the log: %.200s", err, l.log)
	}
}
