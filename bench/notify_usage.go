package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// spent is the processor time of everybody who takes part.
type spent struct {
	node      time.Duration // of all replicas; with SQLite, store included; emitting included
	store     time.Duration // of all processes of the database server
	sink      time.Duration
	generator time.Duration // this process, and the ceiling where it is what is measured
}

func (u spent) minus(v spent) spent {
	return spent{u.node - v.node, u.store - v.store, u.sink - v.sink, u.generator - v.generator}
}

// per is each process's seconds for a thousand of something.
func (u spent) per(count int64) map[string]float64 {
	m := map[string]float64{}
	for name, d := range map[string]time.Duration{
		"node": u.node, "store": u.store, "sink": u.sink, "generator": u.generator, "node_and_store": u.node + u.store,
	} {
		if d > 0 && count > 0 {
			m[name] = round3(d.Seconds() * 1000 / float64(count))
		}
	}
	return m
}

func (s *stage) usage() spent {
	u := spent{sink: s.sink.cpu(), generator: ownCPU()}
	for _, n := range s.nodes {
		u.node += n.cpu()
	}
	if s.store != nil {
		u.store = s.store.cpu()
	}
	return u
}

func ownCPU() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// storeUsage reads the processor time of a database server: the parent of its sessions' processes,
// those of its children that live, and what those that have ended have left with it.
type storeUsage struct{ pid int }

// Fields of /proc/<pid>/stat, counted from the process's state.
const (
	statParent   = 1
	statUser     = 11
	statSystem   = 12
	statChildren = 13 // and 14: of children that have ended
)

func findStore(ctx context.Context, url string) (*storeUsage, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	var session int
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&session); err != nil {
		return nil, err
	}
	stat := readStat(session)
	if len(stat) <= statParent {
		return nil, fmt.Errorf("find the database server: its session %d is no process here", session)
	}
	pid, err := strconv.Atoi(stat[statParent])
	return &storeUsage{pid}, err
}

func (u *storeUsage) cpu() time.Duration {
	sum := ticks(readStat(u.pid), statUser, statSystem, statChildren, statChildren+1)
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	parent := strconv.Itoa(u.pid)
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil {
			continue
		}
		if stat := readStat(pid); len(stat) > statChildren && stat[statParent] == parent {
			sum += ticks(stat, statUser, statSystem)
		}
	}
	return sum
}

// memory is what all nodes hold under a name of /proc, in MiB.
func (s *stage) memory(field string) float64 {
	var sum int64
	for _, n := range s.nodes {
		sum += n.memory(field)
	}
	return round3(float64(sum) / (1 << 20))
}
