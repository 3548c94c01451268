package paymux

import (
	"slices"
	"strings"
)

// A position is where a reader stands in a list that each region keeps in an order of its own, such as that of commits: the ID of
// the last row it has come to of each region, joined by commas. Where one region has given all, it is that row's ID.

// ReadPosition reads a position. ok is false for what is none: a word that is no ID, or two IDs of one region.
func ReadPosition(position string) (at map[Region]string, ok bool) {
	at = map[Region]string{}
	if position == "" {
		return at, true
	}
	for id := range strings.SplitSeq(position, ",") {
		region, ok := RegionOf(id)
		if !ok || at[region] != "" {
			return nil, false
		}
		at[region] = id
	}
	return at, true
}

// MoveOn is the position of a reader who comes to one row more. Regions are in the order of their numbers.
func MoveOn(position, id string) string {
	region, ok := RegionOf(id)
	if was, one := RegionOf(position); position == "" || !ok || one && was == region {
		return id
	}
	at, ok := ReadPosition(position)
	if !ok {
		return id
	}
	at[region] = id
	return JoinPosition(at)
}

// Passed reports whether a reader at a position has come to a row of another region that is later than the one of an ID: then he has
// followed them all until then.
func Passed(position, id string) bool {
	was, _ := TimeOf(id)
	for other := range strings.SplitSeq(position, ",") {
		if at, ok := TimeOf(other); ok && at.After(was) {
			return true
		}
	}
	return false
}

// JoinPosition writes a position down. Regions of which the reader has nothing yet are left out.
func JoinPosition(at map[Region]string) string {
	regions := make([]Region, 0, len(at))
	for region, id := range at {
		if id != "" {
			regions = append(regions, region)
		}
	}
	slices.Sort(regions)
	ids := make([]string, len(regions))
	for i, region := range regions {
		ids[i] = at[region]
	}
	return strings.Join(ids, ",")
}
