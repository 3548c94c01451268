package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/groupcommit"
)

// book is the institution's durable record. Decisions are taken one after another
// by the committer's only writer, on what earlier ones left; a batch of them is written and
// synced together before any caller hears of it. Readers wait for a batch under
// way, so that nobody sees what a crash could still undo.
type book struct {
	mu        sync.RWMutex // guards all below; held by the writer from decision to sync
	charges   map[paymux.OperationID]*Charge
	order     []paymux.OperationID // as first seen
	pages     map[string]paymux.OperationID
	payments  map[paymux.PaymentID][]paymux.OperationID
	notes     map[string]note
	broken    error // set when a write failed: the book takes nothing more
	file      *os.File
	buf       []byte
	fresh     []note
	enqueue   func([]note)
	committer *groupcommit.Committer[func(*draft) error]
}

// batch is how many decisions one sync may serve.
const batch = 1024

// openBook replays the book in dir; dir empty keeps it in memory. Notes not yet delivered go to enqueue.
func openBook(dir string, log *slog.Logger, enqueue func([]note)) (*book, error) {
	b := &book{
		charges: map[paymux.OperationID]*Charge{}, pages: map[string]paymux.OperationID{},
		payments: map[paymux.PaymentID][]paymux.OperationID{}, notes: map[string]note{}, enqueue: enqueue,
	}
	if dir != "" {
		if err := b.openFile(dir, log); err != nil {
			return nil, err
		}
	}
	left := make([]note, 0, len(b.notes))
	for _, n := range b.notes {
		left = append(left, n)
	}
	enqueue(left)
	b.fresh = nil
	b.committer = groupcommit.New(1, batch, b.flush)
	return b, nil
}

func (b *book) openFile(dir string, log *slog.Logger) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, "book.jsonl")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	end, torn, err := b.replay(file)
	if err == nil && torn > 0 {
		log.Warn("sandbox: dropped an unfinished end of the book", "path", path, "bytes", torn)
		err = errors.Join(file.Truncate(end), file.Sync())
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		file.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	b.file = file
	return nil
}

// replay applies every line. What a crash left unfinished at the end is
// measured in torn; a bad line with a good one after it is damage, and an error.
func (b *book) replay(from io.Reader) (end, torn int64, err error) {
	r := bufio.NewReaderSize(from, 1<<16)
	for {
		line, readErr := r.ReadBytes('\n')
		if len(line) > 0 {
			e, err := parseLine(line)
			switch {
			case err != nil:
				torn += int64(len(line))
			case torn > 0:
				return 0, 0, fmt.Errorf("damaged at byte %d: a bad line is followed by a good one", end)
			default:
				b.apply(&e)
				end += int64(len(line))
			}
		}
		if readErr == io.EOF {
			return end, torn, nil
		}
		if readErr != nil {
			return 0, 0, readErr
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (b *book) close() {
	b.committer.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file != nil {
		b.file.Close()
		b.file = nil
	}
}

// change runs decide on the newest state and returns when what it drafted is durable.
// When ctx ends first, the outcome is not known.
func (b *book) change(ctx context.Context, decide func(*draft) error) error {
	return b.committer.Do(ctx, decide)
}

func (b *book) flush(decisions []func(*draft) error) []error {
	outcomes := make([]error, len(decisions))
	b.mu.Lock()
	b.buf = b.buf[:0]
	for at, decide := range decisions {
		outcomes[at] = b.decide(decide)
	}
	b.write()
	if b.broken != nil {
		for at := range outcomes {
			outcomes[at] = b.broken
		}
		b.fresh = nil
	}
	fresh := b.fresh
	b.fresh = nil
	b.mu.Unlock()
	if len(fresh) > 0 {
		b.enqueue(fresh)
	}
	return outcomes
}

func (b *book) decide(decide func(*draft) error) (err error) {
	if b.broken != nil {
		return b.broken
	}
	d := draft{book: b}
	if err := decide(&d); err != nil {
		return err
	}
	if d.empty() {
		return nil
	}
	if b.buf, err = appendLine(b.buf, &d.entry); err != nil {
		return fmt.Errorf("write the book: %w", err)
	}
	b.apply(&d.entry)
	return nil
}

func (b *book) write() {
	if len(b.buf) == 0 || b.file == nil || b.broken != nil {
		return
	}
	_, err := b.file.Write(b.buf)
	if err == nil {
		err = syncData(b.file)
	}
	if err != nil {
		b.broken = fmt.Errorf("the sandbox's book cannot be written: %w", err)
	}
}

func (b *book) apply(e *entry) {
	for at := range e.Charges {
		c := e.Charges[at]
		if _, known := b.charges[c.Operation]; !known {
			b.order = append(b.order, c.Operation)
			b.payments[c.Payment] = append(b.payments[c.Payment], c.Operation)
			if c.Page != "" {
				b.pages[c.Page] = c.Operation
			}
		}
		b.charges[c.Operation] = &c
	}
	for _, n := range e.Notes {
		b.notes[n.ID] = n
	}
	b.fresh = append(b.fresh, e.Notes...)
	for _, o := range e.Done {
		if c := b.charges[b.notes[o.Note].Operation]; c != nil {
			told := *c
			told.Callbacks += o.Delivered
			b.charges[c.Operation] = &told
		}
		delete(b.notes, o.Note)
	}
}
