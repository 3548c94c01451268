// Package tally keeps and compares what two processes saw of the same deliveries: when an
// event was committed, and when it arrived. Records are small and of one size, kept in memory
// while the load runs and fetched when it is over, so that measuring costs
// little of what is measured. Both processes run on one machine and share its clock.
//
// It knows no HTTP and no store. Start reading at Record, then Match.
package tally

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// Record is one event for one endpoint, as one side saw it. Times are Unix nanoseconds.
type Record struct {
	Key      uint64 // see Key
	Due      int64  // when the event was to be emitted; 0 in an arrival
	At       int64  // committed, or arrived
	Endpoint uint32
	Phase    uint32 // of the load that emitted it; 0 in an arrival
}

const recordSize = 32

// Key is what both sides know a delivery by: a hash (FNV-1a) of the event's ID and the
// endpoint's number. Two of ten million collide once in a few hundred thousand runs.
func Key(event string, endpoint uint32) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(event) {
		h = (h ^ uint64(event[i])) * 1099511628211
	}
	for shift := 0; shift < 32; shift += 8 {
		h = (h ^ uint64(endpoint>>shift&0xff)) * 1099511628211
	}
	return h
}

// ErrFull is what a Journal says when it holds as many records as it may.
var ErrFull = errors.New("the journal of deliveries is full")

const (
	shards     = 16
	chunkSize  = 4096
	shardsMask = shards - 1
)

// Journal gathers records from many goroutines. Safe for concurrent use.
type Journal struct {
	most   int64
	n      atomic.Int64
	shards [shards]shard
}

// shard grows by whole chunks: nothing is copied while the load runs.
type shard struct {
	mu     sync.Mutex
	chunks [][]Record
	_      [32]byte // a cache line of its own
}

// NewJournal returns a journal for at most that many records.
func NewJournal(most int) *Journal { return &Journal{most: int64(most)} }

// Add keeps a record, or returns ErrFull.
func (j *Journal) Add(r Record) error {
	if j.n.Add(1) > j.most {
		return ErrFull
	}
	s := &j.shards[r.Key&shardsMask]
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last]) == chunkSize {
		s.chunks = append(s.chunks, make([]Record, 0, chunkSize))
		last++
	}
	s.chunks[last] = append(s.chunks[last], r)
	return nil
}

// Len is how many records were added.
func (j *Journal) Len() int { return int(j.n.Load()) }

// Dump writes all records, in no order, for Read.
func (j *Journal) Dump(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	for i := range j.shards {
		if err := j.shards[i].dump(out); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (s *shard) dump(w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b [recordSize]byte
	for _, chunk := range s.chunks {
		for _, r := range chunk {
			binary.LittleEndian.PutUint64(b[0:], r.Key)
			binary.LittleEndian.PutUint64(b[8:], uint64(r.Due))
			binary.LittleEndian.PutUint64(b[16:], uint64(r.At))
			binary.LittleEndian.PutUint32(b[24:], r.Endpoint)
			binary.LittleEndian.PutUint32(b[28:], r.Phase)
			if _, err := w.Write(b[:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Read reads what Dump wrote. What ends within a record is an error.
func Read(r io.Reader) ([]Record, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	var list []Record
	for {
		var b [recordSize]byte
		if _, err := io.ReadFull(in, b[:]); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the journal of deliveries: %w", err)
		}
		list = append(list, Record{
			Key: binary.LittleEndian.Uint64(b[0:]), Due: int64(binary.LittleEndian.Uint64(b[8:])), At: int64(binary.LittleEndian.Uint64(b[16:])),
			Endpoint: binary.LittleEndian.Uint32(b[24:]), Phase: binary.LittleEndian.Uint32(b[28:]),
		})
	}
}
