package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// historyLength is how many versions of a setting are kept.
const historyLength = 16

// Document is one version of a setting.
type Document struct {
	Key     string          `json:"-"`              // tokens separated by dots
	Version uint64          `json:"-"`              // grows with every change; set by Put
	Value   json.RawMessage `json:"value"`          // JSON
	Who     string          `json:"who"`            // changed it
	Why     string          `json:"why,omitempty"`  // for people
	When    time.Time       `json:"when,omitempty"` // set by Put where zero
}

// check reports what cannot be written, and what nobody here has written.
func (d Document) check() error {
	if err := checkKey(d.Key); err != nil {
		return err
	}
	if len(d.Value) == 0 || !json.Valid(d.Value) {
		return fmt.Errorf("registry: the value of %s is not JSON", d.Key)
	}
	return nil
}

func checkKey(key string) error {
	for part := range strings.SplitSeq(key, ".") {
		if !token(part) {
			return fmt.Errorf("%w: key %q", ErrBadName, key)
		}
	}
	return nil
}

// Settings are documents that all nodes share: a bucket of them. Safe for concurrent use.
type Settings struct {
	r *Registry
	b *bucket
}

// Settings are the deployment's: rule sets, the assignment list and the like. The last 16 versions of each are kept.
func (r *Registry) Settings() *Settings {
	return &Settings{r, r.bucket(kind{name: SettingsBucket, storage: jetstream.FileStorage, history: historyLength})}
}

// Flags are small words between replicas, such as which version of the rules each routes by. Only the last version is kept.
func (r *Registry) Flags() *Settings {
	return &Settings{r, r.bucket(kind{name: FlagsBucket, storage: jetstream.FileStorage, history: 1})}
}

// Get reads a document. Errors: ErrNotFound; any other means that the registry is away or that what is there cannot be read.
func (s *Settings) Get(ctx context.Context, key string) (Document, error) {
	if err := checkKey(key); err != nil {
		return Document{}, err
	}
	e, err := s.b.get(ctx, key)
	if err == nil && e.gone || errors.Is(err, errNoBucket) && s.b.make(ctx) == nil {
		err = ErrNotFound
	}
	if err != nil {
		return Document{}, fmt.Errorf("registry: get %s: %w", key, err)
	}
	d, err := readDocument(e)
	if err != nil {
		return d, fmt.Errorf("registry: get %s: %w", key, err)
	}
	return d, nil
}

// History is the kept versions of a document, oldest first. Versions that cannot be read are left out; so is deletion.
func (s *Settings) History(ctx context.Context, key string) ([]Document, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	var all []Document
	err := s.b.walk(ctx, key, func(e entry) {
		if d, err := readDocument(e); err == nil && !e.gone {
			all = append(all, d)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("registry: history of %s: %w", key, err)
	}
	return all, nil
}

// Put replaces version d.Version of a document, zero where there must not be one yet, and returns d with its new version.
// Errors: ErrConflict; ErrBadName; a Value that is not JSON; any other leaves open whether it was written.
func (s *Settings) Put(ctx context.Context, d Document) (Document, error) {
	is := d.Version
	written, err := s.write(ctx, d, &is)
	if is != 0 || !errors.Is(err, ErrConflict) {
		return written, err
	}
	// There is something: it may be the mark of a deletion.
	e, fault := s.b.get(ctx, d.Key)
	if fault != nil || !e.gone {
		return written, err
	}
	return s.write(ctx, d, &e.rev)
}

// Set is [Settings.Put] whatever the version: for flags, which have one writer each.
func (s *Settings) Set(ctx context.Context, d Document) (Document, error) {
	return s.write(ctx, d, nil)
}

func (s *Settings) write(ctx context.Context, d Document, expect *uint64) (Document, error) {
	if d.When.IsZero() {
		d.When = s.r.Now().UTC()
	}
	if err := d.check(); err != nil {
		return d, err
	}
	body, err := json.Marshal(d)
	if err != nil {
		return d, err
	}
	d.Version, err = s.put(ctx, d.Key, body, nil, expect)
	if err != nil {
		return d, fmt.Errorf("registry: put %s: %w", d.Key, err)
	}
	return d, nil
}

func (s *Settings) put(ctx context.Context, key string, body []byte, header nats.Header, expect *uint64) (uint64, error) {
	rev, err := s.b.put(ctx, key, body, header, expect)
	if errors.Is(err, errNoBucket) {
		if err = s.b.make(ctx); err == nil {
			rev, err = s.b.put(ctx, key, body, header, expect)
		}
	}
	return rev, err
}

// Delete removes a document whatever its version. Its history stays.
func (s *Settings) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if _, err := s.put(ctx, key, nil, nats.Header{operationHeader: {deleted}}, nil); err != nil {
		return fmt.Errorf("registry: delete %s: %w", key, err)
	}
	return nil
}
