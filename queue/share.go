package queue

import (
	"cmp"
	"hash/fnv"
	"io"
	"slices"
	"strconv"
)

// share is the partitions that are one replica's, given all that live. Every replica
// computes the same from the same list: each partition goes to the replica that draws highest for
// it and has not got its even part yet, so that a replica that comes or goes moves little more than its own.
func share(alive []string, replica string) map[int]bool {
	mine := map[int]bool{}
	if len(alive) == 0 {
		return mine
	}
	most := (Partitions + len(alive) - 1) / len(alive)
	got := make(map[string]int, len(alive))
	for number := range Partitions {
		order := slices.Clone(alive)
		slices.SortFunc(order, func(a, b string) int {
			return cmp.Or(cmp.Compare(draw(b, number), draw(a, number)), cmp.Compare(a, b))
		})
		for _, name := range order {
			if got[name] < most {
				got[name]++
				mine[number] = name == replica
				break
			}
		}
	}
	for number, is := range mine {
		if !is {
			delete(mine, number)
		}
	}
	return mine
}

// draw is a number that a replica and a partition always give. FNV alone differs too little between neighbours.
func draw(replica string, number int) uint64 {
	h := fnv.New64a()
	io.WriteString(h, replica)
	io.WriteString(h, "/")
	io.WriteString(h, strconv.Itoa(number))
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
