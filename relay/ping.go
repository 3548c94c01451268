package relay

import (
	"context"
	"time"
)

// Pinger is a Node that tells whether anybody there can serve, without doing anything.
type Pinger interface {
	Ping(ctx context.Context) error
}

const (
	quietFor     = time.Second // a region that nothing was heard of for so long is asked whether it is there before a key is bound to it
	suspectAfter = time.Second // without an answer, a region is asked whether it is there at all
	pingTime     = time.Second
	lastRevival  = 2 * time.Second // between pings of a region that does not answer
)

// suspicion has a region that leaves a request waiting be pinged. What a partition swallows is not refused by anybody, and
// until the registry misses the region's nodes, all that is sent there would wait in vain; an institution that is slow looks the same, but its
// region answers a ping. It returns what ends it.
func (r *Relay) suspicion(p *place) (end func() bool) {
	if _, ok := p.Node.(Pinger); !ok || p.Here || p.circuit.tripped() {
		return func() bool { return true }
	}
	return time.AfterFunc(suspectAfter, func() { r.examine(p) }).Stop
}

// examine pings a region, once at a time, and spares it where nothing comes back.
func (r *Relay) examine(p *place) {
	if !p.circuit.examined.try() {
		return
	}
	silent := r.ping(p) != nil
	p.circuit.examined.release()
	if silent && r.spare(p) {
		r.conf.Log.Warn("a region does not answer; it is given nothing until it does", "region", p.Name)
	}
}

// present reports whether a region is there, as far as is known, before something new is bound to it: what is swallowed has to wait there until
// the region is back, and of a region that was cut off while nothing was sent to it, nobody has noticed yet. Requests that find it quiet share one
// ping; a region that is busy is never asked.
func (r *Relay) present(ctx context.Context, p *place) bool {
	if _, ok := p.Node.(Pinger); !ok || p.Here || p.circuit.tripped() || p.circuit.silentFor(r.conf.Now()) < quietFor {
		return true
	}
	if p.circuit.examined.take(ctx) != nil {
		return false
	}
	defer p.circuit.examined.release()
	switch {
	case p.circuit.tripped():
		return false
	case p.circuit.silentFor(r.conf.Now()) < quietFor:
		return true
	case r.ping(p) == nil:
		p.circuit.heard.Store(r.conf.Now().UnixNano())
		return true
	}
	if r.spare(p) {
		r.conf.Log.Warn("a region does not answer; it is given nothing until it does", "region", p.Name)
	}
	return false
}

// spare has a region that was found silent be pinged until it answers, where it can be: no request has to be risked for that. It
// reports whether the region was given requests until now.
func (r *Relay) spare(p *place) (news bool) {
	if _, ok := p.Node.(Pinger); !ok || p.Here {
		return false
	}
	r.ending.Lock()
	defer r.ending.Unlock()
	if r.alive.Err() != nil {
		return false // nobody would find out that it is back
	}
	news, alone := p.circuit.trip(r.conf.Now())
	if alone {
		r.stopped.Go(func() { r.revive(p) })
	}
	return news
}

func (r *Relay) revive(p *place) {
	for wait := firstPause; p.circuit.silent(); wait = min(2*wait, lastRevival) {
		if pause(r.alive, wait); r.alive.Err() != nil {
			return
		}
		if r.ping(p) == nil {
			p.circuit.close(r.conf.Now())
		}
	}
}

// pings are sent at once, as one replica that is frozen, and not yet missed, would swallow a single one.
const pings = 4

// ping returns nil as soon as anybody there has answered.
func (r *Relay) ping(p *place) error {
	ctx, cancel := context.WithTimeout(r.alive, pingTime)
	defer cancel()
	answers := make(chan error, pings)
	for range pings {
		go func() { answers <- p.Node.(Pinger).Ping(ctx) }()
	}
	var err error
	for range pings {
		if err = <-answers; err == nil {
			return nil
		}
	}
	return err
}
