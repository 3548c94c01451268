package access

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// defaultLimit and maxLimit bound a page of a list, maxPosition the characters of its cursor where that has one ID for each region.
const (
	defaultLimit = 20
	maxLimit     = 100
	maxPosition  = 4096
)

// queryValues are checked query parameters.
type queryValues map[string][]string

func (q queryValues) get(name string) string {
	if v := q[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (q queryValues) time(name string) time.Time {
	// It was checked against its format.
	t, _ := time.Parse(time.RFC3339, q.get(name))
	return t.UTC()
}

// readQuery checks a query against what a route takes. Unknown and repeated parameters are faults, too.
func readQuery(known []param, u *url.URL, f *faults) queryValues {
	if u.RawQuery == "" {
		return nil
	}
	sent, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		f.add("query", "is not a valid query string", nil)
		return nil
	}
	out := make(queryValues, len(sent))
	names := make([]string, 0, len(sent))
	for name := range sent {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i := slices.IndexFunc(known, func(p param) bool { return p.name == name })
		if i < 0 {
			f.add("query."+clip(name), "is not a parameter of this request", nil)
			continue
		}
		out[name] = known[i].read(sent[name], f)
	}
	return out
}

func (p *param) read(sent []string, f *faults) []string {
	where := &path{name: "query." + p.name}
	if p.many {
		var all []string
		for _, s := range sent {
			all = append(all, strings.Split(s, ",")...)
		}
		sent = all
	} else if len(sent) > 1 {
		f.add(where.String(), "is there more than once", nil)
		return nil
	}
	for _, s := range sent {
		v := value{kind: p.kind, raw: []byte(s), text: []byte(s)}
		p.check(&v, where, f)
	}
	return sent
}

// Parameters that several lists share.
func cursorParam() param {
	return param{name: "cursor", schema: &schema{kind: kindString, max: 64, doc: "next_cursor of the page before"}}
}

// positionParam is the cursor of a list that each region keeps in an order of its own: an ID for each, joined by commas.
func positionParam() param {
	return param{name: "cursor", schema: &schema{kind: kindString, max: maxPosition, doc: "next_cursor of the page before"}}
}

func limitParam() param {
	return param{name: "limit", schema: &schema{kind: kindNumber, min: 1, max: maxLimit, doc: "how many to answer, 20 if not given", example: "20"}}
}

func idParam(name, doc string) param {
	return param{name: name, schema: &schema{kind: kindString, max: 64, doc: doc}}
}

// positionIDParam is idParam for a position.
func positionIDParam(name, doc string) param {
	return param{name: name, schema: &schema{kind: kindString, max: maxPosition, doc: doc}}
}

func enumParam(name, doc string, values []string) param {
	return param{name: name, schema: &schema{kind: kindString, max: 64, enum: values, doc: doc}}
}

func timeParam(name, doc string) param {
	return param{name: name, schema: &schema{kind: kindString, max: 40, format: "date-time", doc: doc, example: "2026-11-22T00:00:00Z"}}
}

// page is the part of a list that was asked for. prefix is of the list's IDs.
func (s *Server) page(c *call, prefix string) (paymux.Page, error) {
	p := askedPage(c)
	if p.After != "" {
		if err := s.ids.Check(prefix, p.After); err != nil {
			return p, at(err, "query.cursor")
		}
	}
	return p, nil
}

// pageFrom is page where the cursor is a position.
func (s *Server) pageFrom(c *call, prefix string) (paymux.Page, error) {
	p := askedPage(c)
	return p, s.checkPosition(prefix, p.After, "query.cursor")
}

func askedPage(c *call) paymux.Page {
	p := paymux.Page{Limit: defaultLimit, After: c.query.get("cursor")}
	if n, err := strconv.Atoi(c.query.get("limit")); err == nil {
		p.Limit = n
	}
	return p
}

// checkPosition checks every ID of a position, and that no two are of one region.
func (s *Server) checkPosition(prefix, position, location string) error {
	if position == "" {
		return nil
	}
	for id := range strings.SplitSeq(position, ",") {
		if err := s.ids.Check(prefix, id); err != nil {
			return at(err, location)
		}
	}
	if _, ok := paymux.ReadPosition(position); !ok {
		return at(paymux.Errorf(paymux.InvalidID, "This was not given out as a cursor: send next_cursor as it came."), location)
	}
	return nil
}

// optionalID checks an ID given as a filter.
func (s *Server) optionalID(c *call, name, prefix string) (string, error) {
	id := c.query.get(name)
	if id == "" {
		return "", nil
	}
	if err := s.ids.Check(prefix, id); err != nil {
		return "", at(err, "query."+name)
	}
	return id, nil
}
