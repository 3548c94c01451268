package paymux

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// IDs are a prefix that names the kind of thing, an underscore and 26
// characters of Crockford base32, most significant bit first:
//
//	2 bits zero | 48 bits milliseconds since 1970 | 12 bits region |
//	14 bits sequence | 30 bits randomness | 24 bits keyed check
//
// They sort by time, carry their region (A16, A17), and a mistyped or guessed one
// is refused without a look into any database (A18). The 26 characters alone
// are safe as an institution's order number.
type (
	PaymentID   string // pay_…
	OperationID string // op_…
	RefundID    string // re_…
	DisputeID   string // dp_…
	EventID     string // evt_…
	EndpointID  string // we_…
	LinkID      string // plink_…
	MerchantID  string // mer_…
	KeyID       string // key_…
	TaskID      string // task_…
	ReplayID    string // rpl_…
	RequestID   string // req_…
	BatchID     string // batch_…
)

// Prefixes, one a kind of ID.
const (
	PrefixPayment   = "pay_"
	PrefixOperation = "op_"
	PrefixRefund    = "re_"
	PrefixDispute   = "dp_"
	PrefixEvent     = "evt_"
	PrefixEndpoint  = "we_"
	PrefixLink      = "plink_"
	PrefixMerchant  = "mer_"
	PrefixKey       = "key_"
	PrefixTask      = "task_"
	PrefixReplay    = "rpl_"
	PrefixRequest   = "req_"
	PrefixBatch     = "batch_"
)

// Region is the number of a transaction node's region, 0 to 4095, as IDs carry it.
type Region uint16

const (
	bodyLen      = 26
	crockford    = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	sequenceBits = 14
	randomBits   = 30
	regionBits   = 12
	checkBytes   = 3
)

// IDs mints and checks IDs. It is safe for concurrent use and takes no lock.
type IDs struct {
	macs   sync.Pool // of hash.Hash, keyed: keying one anew costs more than the check
	region Region
	now    func() time.Time
	last   atomic.Uint64 // milliseconds<<14 | sequence of the newest ID
}

// NewIDs returns a mint for a region. All processes of one deployment share
// the key; it needs at least 16 bytes to be worth anything. IDs of one mint are
// strictly ascending even when the clock steps back.
func NewIDs(key []byte, region Region, now func() time.Time) *IDs {
	key = append([]byte(nil), key...)
	return &IDs{
		macs:   sync.Pool{New: func() any { return hmac.New(sha256.New, key) }},
		region: region & (1<<regionBits - 1), now: now,
	}
}

// New mints an ID with the given prefix.
func (m *IDs) New(prefix string) string { return m.NewIn(m.region, prefix) }

// NewIn mints an ID for what another region is to keep.
func (m *IDs) NewIn(region Region, prefix string) string {
	stamp := m.tick()
	raw := content(stamp>>sequenceBits, region&(1<<regionBits-1), stamp&(1<<sequenceBits-1)<<randomBits|rand.Uint64()&(1<<randomBits-1))
	m.check(prefix, raw[:13], raw[13:])
	return prefix + encode(raw)
}

// content is an ID without its check: 104 bits, of which tail has the last 44.
func content(ms uint64, region Region, tail uint64) (raw [16]byte) {
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], ms)
	copy(raw[:6], head[2:])
	binary.BigEndian.PutUint64(head[:], uint64(region)<<(sequenceBits+randomBits)|tail)
	copy(raw[6:13], head[1:])
	return raw
}

// Below is what stands for an ID in another region's list, newest first: an ID that nobody was issued, with the same of that region's
// below it as below id. Stores number their own rows, and what another region issued in the same millisecond has no place among them.
// It is id itself where that is of the region, or no ID.
func Below(id string, region Region) string {
	raw, ok := splitAny(id)
	if !ok {
		return id
	}
	issued, _ := RegionOf(id)
	ms := binary.BigEndian.Uint64(raw[:8]) >> 16
	switch {
	case issued == region:
		return id
	case issued > region: // all of the millisecond are below
		ms++
	}
	return id[:strings.IndexByte(id, '_')+1] + encode(content(ms, region, 0))
}

// Since is what stands for a time among IDs of a kind: an ID that nobody was issued, below all that were issued from then on, and above
// those issued before.
func Since(prefix string, at time.Time) string {
	return prefix + encode(content(uint64(max(at.UnixMilli(), 0)), 0, 0))
}

// Check reports whether id has the prefix, is well formed and carries this
// deployment's check code. The error has Code InvalidID.
func (m *IDs) Check(prefix, id string) error {
	raw, ok := decode(prefix, id)
	if !ok {
		return Errorf(InvalidID, "%q is not an ID of the form %s followed by %d characters.", id, prefix, bodyLen)
	}
	var want [checkBytes]byte
	m.check(prefix, raw[:13], want[:])
	if !hmac.Equal(want[:], raw[13:]) {
		return Errorf(InvalidID, "%q is mistyped or was not issued here: its check code is wrong.", id)
	}
	return nil
}

// RegionOf reads the region out of an ID; ok is false for what is no ID. It does not check the code.
func RegionOf(id string) (region Region, ok bool) {
	raw, ok := splitAny(id)
	if !ok {
		return 0, false
	}
	return Region(raw[6])<<4 | Region(raw[7])>>4, true
}

// TimeOf reads the time of issue out of an ID, to the millisecond.
func TimeOf(id string) (at time.Time, ok bool) {
	raw, ok := splitAny(id)
	if !ok {
		return time.Time{}, false
	}
	var head [8]byte
	copy(head[2:], raw[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(head[:]))).UTC(), true
}

// OrdinalOf reads what tells the IDs of one region apart, the region left out, as
// far as it fits a positive number: 42 bits of time (until 2109), the sequence, 7 bits
// of randomness. Ordinals of one mint's IDs are unique and ascend as the IDs do. ok is
// false for what is no ID. It does not check the code.
func OrdinalOf(id string) (n int64, ok bool) {
	raw, ok := splitAny(id)
	if !ok {
		return 0, false
	}
	const tailBits = sequenceBits + 7
	ms := binary.BigEndian.Uint64(raw[:8]) >> 16
	tail := uint64(binary.BigEndian.Uint32(raw[7:11])) >> (32 - 4 - tailBits) & (1<<tailBits - 1) // it begins at bit 60
	return int64(ms<<tailBits | tail), true
}

// OrderNumber is an ID without its prefix: at most 32 alphanumerics, what
// institutions accept as the merchant's order number.
func OrderNumber(id string) string {
	_, body, _ := strings.Cut(id, "_")
	return body
}

// tick returns the next stamp: the clock's millisecond, or one more than the
// last stamp when the clock has not moved on.
func (m *IDs) tick() uint64 {
	now := uint64(m.now().UnixMilli()) << sequenceBits
	for {
		last := m.last.Load()
		next := max(now, last+1)
		if m.last.CompareAndSwap(last, next) {
			return next
		}
	}
}

func (m *IDs) check(prefix string, content, into []byte) {
	mac := m.macs.Get().(hash.Hash)
	defer m.macs.Put(mac)
	mac.Reset()
	var buf [64]byte // prefix and content, then the sum: one array that need not grow
	mac.Write(append(append(buf[:0], prefix...), content...))
	copy(into, mac.Sum(buf[:0])[:checkBytes])
}

// Mark is a keyed hash of texts, 16 hex digits: the same for the same texts, and nobody without the key of the IDs
// finds out what was hashed.
func (m *IDs) Mark(texts ...string) string {
	mac := m.macs.Get().(hash.Hash)
	defer m.macs.Put(mac)
	mac.Reset()
	var buf [64]byte
	for _, t := range texts {
		mac.Write(append(binary.AppendUvarint(append(buf[:0], "mark "...), uint64(len(t))), t...))
	}
	return hex.EncodeToString(mac.Sum(buf[:0])[:8])
}

func splitAny(id string) (raw [16]byte, ok bool) {
	return decode(id[:strings.IndexByte(id, '_')+1], id)
}

// values has what each character stands for, and one more; 0 is none's.
var values = func() (v [256]uint8) {
	for i := range len(crockford) {
		v[crockford[i]] = uint8(i + 1)
	}
	return v
}()

func encode(raw [16]byte) string {
	high, low := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	var out [bodyLen]byte
	for i := bodyLen - 1; i >= 0; i-- {
		out[i] = crockford[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(out[:])
}

func decode(prefix, id string) (raw [16]byte, ok bool) {
	body, found := strings.CutPrefix(id, prefix)
	if !found || len(body) != bodyLen || body[0] > '7' {
		return raw, false
	}
	var high, low uint64
	for i := range bodyLen {
		v := values[body[i]]
		if v == 0 {
			return raw, false
		}
		high = high<<5 | low>>59
		low = low<<5 | uint64(v-1)
	}
	binary.BigEndian.PutUint64(raw[:8], high)
	binary.BigEndian.PutUint64(raw[8:], low)
	return raw, true
}
