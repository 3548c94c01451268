package keys

import (
	"bytes"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Head is where the audit ended at some time. Kept elsewhere it is an anchor: an audit that
// does not hold it any more was changed or cut off.
type Head struct {
	Seq  int64     `json:"seq"`
	Hash Hash      `json:"hash"`
	At   time.Time `json:"at"`             // when it was told
	Code Hash      `json:"code,omitempty"` // says that this service told it; may be left out
}

// Head is where the audit ends now.
func (s *Service) Head() (h Head, err error) {
	err = s.inTx(func(t *transaction) error { h = s.headOf(t.head.Seq, t.head.Hash); return nil })
	return h, err
}

func (s *Service) headOf(seq int64, hash []byte) Head {
	return Head{Seq: seq, Hash: hash, At: s.now().UTC(), Code: s.auth.headMAC(seq, hash)}
}

// genuine reports whether this service told the head, as far as it says so.
func (s *Service) genuine(h Head) bool {
	return h.Code == nil || hmac.Equal(h.Code, s.auth.headMAC(h.Seq, h.Hash))
}

// ReadHeads reads anchors: heads as Head's JSON has them, one or several in a file.
func ReadHeads(text []byte) ([]Head, error) {
	var all []Head
	for dec := json.NewDecoder(bytes.NewReader(text)); dec.More(); {
		var h Head
		if err := dec.Decode(&h); err != nil || len(h.Hash) == 0 {
			return nil, fmt.Errorf("%w: not the head of an audit", ErrInvalid)
		}
		all = append(all, h)
	}
	return all, nil
}

// keptHead is what the head file says; ok is false where there is none.
func (s *Service) keptHead() (h Head, ok bool, err error) {
	text, err := os.ReadFile(s.cfg.HeadFile)
	if errors.Is(err, fs.ErrNotExist) {
		return h, false, nil
	}
	if err != nil {
		return h, false, err
	}
	heads, err := ReadHeads(text)
	if err != nil || len(heads) != 1 || heads[0].Code == nil || !s.genuine(heads[0]) {
		return h, false, fmt.Errorf("%w: %s is not a head of this file's audit", ErrTampered, s.cfg.HeadFile)
	}
	return heads[0], true, nil
}

const headEvery = time.Second

// headKeeper writes the audit's head beside the file, so that a cut leaves a trace.
type headKeeper struct {
	service *Service
	kept    int64 // the row that the head file names
	held    error // why the head file is left alone: it is evidence
	end     chan struct{}
	done    sync.WaitGroup
}

func startHeads(s *Service) *headKeeper {
	k := &headKeeper{service: s, end: make(chan struct{})}
	if k.held = k.check(); k.held != nil {
		s.cfg.Log.Error("the audit of keys does not hold the head that was kept: rows were changed or cut off, or a backup was restored; run paymux keys audit verify", "error", k.held)
	}
	k.done.Go(k.loop)
	return k
}

// check looks for the kept head in the audit.
func (k *headKeeper) check() error {
	h, ok, err := k.service.keptHead()
	if err != nil || !ok {
		return err
	}
	k.kept = h.Seq
	return k.service.inTx(func(t *transaction) error { return t.holds(h) })
}

// holds reports whether the audit holds a head, as far as its rows have not been pruned.
func (t *transaction) holds(h Head) error {
	if h.Seq < t.head.Before {
		return nil
	}
	hash := t.head.BeforeHash
	if h.Seq > t.head.Before {
		var err error
		if hash, err = t.hashOf(h.Seq); err != nil {
			return err
		}
	}
	if !bytes.Equal(hash, h.Hash) {
		return fmt.Errorf("%w: row %d is not the one that was kept", ErrTampered, h.Seq)
	}
	return nil
}

func (k *headKeeper) loop() {
	tick := time.NewTicker(headEvery)
	defer tick.Stop()
	for {
		select {
		case <-k.end:
			return
		case <-tick.C:
		}
		if err := k.keep(); err != nil {
			k.service.cfg.Log.Warn("the head of the keys' audit was not kept", "file", k.service.cfg.HeadFile, "error", err)
		}
	}
}

// stop keeps the last head.
func (k *headKeeper) stop() error {
	close(k.end)
	k.done.Wait()
	return k.keep()
}

func (k *headKeeper) keep() error {
	s := k.service
	s.store.writing.Lock()
	seq, hash := s.last.Seq, s.last.Hash
	s.store.writing.Unlock()
	if k.held != nil || seq <= k.kept {
		return nil
	}
	text, err := json.Marshal(s.headOf(seq, hash))
	if err != nil {
		return err
	}
	if other, ok, err := s.keptHead(); err == nil && ok && other.Seq > seq { // another process was further
		k.kept = other.Seq
		return nil
	}
	if err := replace(s.cfg.HeadFile, append(text, '\n')); err != nil {
		return fmt.Errorf("keep the audit's head: %w", err)
	}
	k.kept = seq
	return nil
}

// replace writes a file whole or not at all.
func replace(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return syncDir(filepath.Dir(path))
}
