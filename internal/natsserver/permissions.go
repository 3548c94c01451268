package natsserver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Party is somebody with credentials of its own: a role.
type Party struct {
	Name string // of its account: letters, digits, - and _
	Key  string // public part of its nkey
	// Hears are subjects it may subscribe to among its own kind only, beside what the lines give it.
	Hears []string
	// Says are the same for publishing.
	Says []string
}

// Line is one thing that passes between parties.
type Line struct {
	Kind    Kind
	Subject string
	From    string   // who answers the requests, or publishes the news; [Store] where NATS itself does
	To      []string // who may make the requests, or hear the news
	As      string   // what the requests are called on the side of those who make them; empty: Subject
}

// Kind is what passes on a line.
type Kind int

// Kinds of lines.
const (
	Service Kind = iota // requests, each with one reply
	Pages               // requests with several replies
	News                // published by From, heard by To
)

// Store is the party that holds the streams: nobody has its credentials.
const Store = "REGISTRY"

// Permissions writes who may do what in the format of nats-server: an account for each party, in which nothing of the others is
// to be seen, and what each lets out and takes in.
//
// Accounts and not only permissions, because a permission says what a client may send itself, and the server's answers go to whatever
// subject a request names as its reply: whoever could write one entry of a bucket in the same account could have it sent to
// any subject of that account, another bucket included.
func Permissions(parties []Party, lines []Line) string {
	var b strings.Builder
	b.WriteString("# Written by paymux nats init, anew each time. Who may do what; no secrets.\naccounts {\n")
	for _, p := range append([]Party{{Name: Store}}, parties...) {
		fmt.Fprintf(&b, "  %q {\n", p.Name)
		if p.Name == Store {
			b.WriteString("    jetstream: enabled\n")
		} else {
			user(&b, p, lines)
		}
		exports(&b, p.Name, lines)
		imports(&b, p.Name, lines)
		b.WriteString("  }\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// user is a party's one user, with no more rights within its account than its lines need.
func user(b *strings.Builder, p Party, lines []Line) {
	says, hears := slices.Clone(p.Says), append([]string{"_INBOX.>"}, p.Hears...)
	for _, l := range lines {
		asks := slices.Contains(l.To, p.Name)
		switch {
		case asks && l.Kind != News:
			says = append(says, cmp.Or(l.As, l.Subject))
		case l.From == p.Name && l.Kind == News:
			says = append(says, l.Subject)
		case l.From == p.Name, asks:
			hears = append(hears, l.Subject)
		}
	}
	fmt.Fprintf(b, "    users: [{nkey: %s, permissions: {\n      publish: {allow: [%s]}\n      subscribe: {allow: [%s]}\n      allow_responses: true\n    }}]\n",
		p.Key, quoted(says), quoted(hears))
}

func exports(b *strings.Builder, name string, lines []Line) {
	b.WriteString("    exports: [\n")
	for _, l := range lines {
		if l.From != name || len(l.To) == 0 {
			continue
		}
		kind, more := "service", ""
		switch l.Kind {
		case News:
			kind = "stream"
		case Pages:
			more = ", response_type: stream"
		}
		fmt.Fprintf(b, "      {%s: %q, accounts: [%s]%s}\n", kind, l.Subject, quoted(l.To), more)
	}
	b.WriteString("    ]\n")
}

func imports(b *strings.Builder, name string, lines []Line) {
	b.WriteString("    imports: [\n")
	for _, l := range lines {
		if !slices.Contains(l.To, name) || l.From == name {
			continue
		}
		kind := "service"
		if l.Kind == News {
			kind = "stream"
		}
		fmt.Fprintf(b, "      {%s: {account: %q, subject: %q}, to: %q}\n", kind, l.From, l.Subject, cmp.Or(l.As, l.Subject))
	}
	b.WriteString("    ]\n")
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(out, ", ")
}
