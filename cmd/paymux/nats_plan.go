package main

import (
	"slices"
	"strings"

	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/registry"
)

// Roles that have credentials of their own at NATS. A gateway's are its channel's: gateway-<channel>.
const (
	roleOperator = registry.RoleOperator
	roleMonitor  = "monitor"
	rolePrefix   = registry.RoleGateway + "-"
)

func natsRoles() []string {
	return []string{roleFrontend, roleNode, roleKeys, roleOperator, roleMonitor}
}

// natsPlan is everything that passes between these parties over NATS; docs/nats.md shows it as a table.
// What is not here is refused by the server, whatever a process tries.
func natsPlan(parties []string) []natsserver.Line {
	lines := []natsserver.Line{
		{Kind: natsserver.Service, Subject: "paymux.node.>", From: roleNode, To: []string{roleFrontend, roleOperator}},
		{Kind: natsserver.News, Subject: changedPrefix + "*", From: roleNode, To: []string{roleFrontend, roleOperator, roleMonitor}},
	}
	lines = append(lines, natsserver.Line{Kind: natsserver.Service, Subject: "$KV." + registry.FlagsBucket + "." + seatPrefix + ">", From: natsserver.Store, To: []string{roleFrontend}})
	for _, role := range []string{roleFrontend, roleNode, roleOperator} {
		lines = append(lines, keysLine(role))
	}
	for _, role := range []string{roleFrontend, roleNode, roleKeys, roleOperator} {
		lines = append(lines, instanceLines(role, role, roleOperator)...)
	}
	for _, party := range parties {
		if channel, ok := strings.CutPrefix(party, rolePrefix); ok {
			lines = append(lines, natsserver.Line{Kind: natsserver.Service, Subject: "paymux.channel." + channel + ".>", From: party, To: []string{roleNode}}, keysLine(party))
			lines = append(lines, instanceLines(party, registry.RoleGateway+"."+channel, roleNode, roleOperator)...)
		}
	}
	return among(parties, append(lines, bucketLines(parties)...))
}

// keysLine lets a caller use keys, under its own name alone.
func keysLine(caller string) natsserver.Line {
	return natsserver.Line{Kind: natsserver.Service, Subject: "paymux.keys." + caller + ".>", From: roleKeys, To: []string{caller}}
}

// instanceLines let a party register under its keys, and the callers ask one instance of it.
func instanceLines(party, keys string, callers ...string) []natsserver.Line {
	return []natsserver.Line{
		{Kind: natsserver.Service, Subject: "$KV." + registry.InstancesBucket + "." + keys + ".>", From: natsserver.Store, To: []string{party}},
		{Kind: natsserver.Service, Subject: "paymux.instance." + keys + ".>", From: party, To: without(callers, party)},
	}
}

// bucketLines say who reads and who writes which bucket.
func bucketLines(parties []string) []natsserver.Line {
	everybody := []string{roleFrontend, roleNode, roleOperator, roleMonitor}
	var lines []natsserver.Line
	for _, b := range []struct {
		name           string
		readers, write []string
	}{
		{registry.InstancesBucket, everybody, nil},
		{registry.SettingsBucket, parties, []string{roleNode, roleOperator}},
		{registry.FlagsBucket, everybody, []string{roleNode, roleOperator}},
		{registry.JournalBucket, []string{roleFrontend}, []string{roleFrontend}},
	} {
		read := "$JS.API.DIRECT.GET.KV_" + b.name
		lines = append(lines,
			natsserver.Line{Kind: natsserver.Pages, Subject: read, From: natsserver.Store, To: b.readers},
			natsserver.Line{Kind: natsserver.Service, Subject: read + ".>", From: natsserver.Store, To: b.readers},
			natsserver.Line{Kind: natsserver.News, Subject: "paymux.registry." + b.name + ".>", From: natsserver.Store, To: b.readers},
			natsserver.Line{Kind: natsserver.Service, Subject: "$KV." + b.name + ".>", From: natsserver.Store, To: b.write},
			natsserver.Line{Kind: natsserver.Service, Subject: "$JS.API.STREAM.CREATE.KV_" + b.name, As: "paymux.make." + b.name, From: natsserver.Store, To: []string{roleNode, roleOperator}},
		)
	}
	return lines
}

// among leaves out what would lead to parties that do not exist, or to none.
func among(parties []string, lines []natsserver.Line) []natsserver.Line {
	var kept []natsserver.Line
	for _, l := range lines {
		var to []string
		for _, party := range l.To {
			if slices.Contains(parties, party) {
				to = append(to, party)
			}
		}
		l.To = to
		if len(to) > 0 && (l.From == natsserver.Store || slices.Contains(parties, l.From)) {
			kept = append(kept, l)
		}
	}
	return kept
}

func without(list []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == word })
}
