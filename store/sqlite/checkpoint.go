package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
)

const (
	checkpointEvery = 300 * time.Millisecond
	restartWait     = time.Second
	frameSize       = 4096 + 24
)

// checkpointer writes the write-ahead log back into the database beside the
// writer. SQLite's own way makes one commit in some thousands wait for it.
type checkpointer struct {
	store *Store
	conn  *sqlite.Conn
	end   chan struct{}
	done  sync.WaitGroup
	seen  uint64 // groups committed when it last ran
}

func startCheckpointer(s *Store) (*checkpointer, error) {
	conn, err := connect(s.cfg.Path, s.synchronous())
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(restartWait)
	c := &checkpointer{store: s, conn: conn, end: make(chan struct{})}
	c.done.Go(c.loop)
	return c, nil
}

// stop ends the loop and closes its connection.
func (c *checkpointer) stop() error {
	close(c.end)
	c.done.Wait()
	return c.conn.Close()
}

func (c *checkpointer) loop() {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.end:
			return
		case <-tick.C:
		}
		if err := c.run(); err != nil {
			c.store.cfg.Log.LogAttrs(context.Background(), slog.LevelWarn, "the database's log was not written back; it grows until it is", slog.Any("err", err))
		}
	}
}

func (c *checkpointer) run() error {
	written := c.store.written.Load()
	if written == c.seen {
		return nil
	}
	size, err := c.checkpoint("PASSIVE")
	if err != nil {
		return err
	}
	c.seen = written
	if size < c.store.cfg.WALLimit {
		return nil
	}
	// While commits keep coming the log is never all written back, and so never
	// begun anew. Hold the writer for the little that is left.
	c.store.writing.Lock()
	defer c.store.writing.Unlock()
	_, err = c.checkpoint("RESTART")
	return err
}

var errReaders = errors.New("sqlite: readers hold the log")

// checkpoint returns the log's size in bytes.
func (c *checkpointer) checkpoint(mode string) (size int64, err error) {
	var busy int64
	s := prepare(c.conn, "PRAGMA wal_checkpoint("+mode+")")
	err = s.rows(func(r *row) (bool, error) {
		busy, size = r.int(), r.int()*frameSize
		return true, nil
	})
	if err == nil && busy != 0 && mode != "PASSIVE" {
		err = errReaders
	}
	if err != nil {
		return size, fmt.Errorf("checkpoint %s: %w", mode, err)
	}
	return size, nil
}
