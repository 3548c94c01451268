package routing

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// checker looks for what cannot work in a rule set, whatever the accounts are.
type checker struct {
	set    *RuleSet
	names  map[string]string // of rules, to their path
	faults Faults
}

func check(s *RuleSet) Faults {
	c := &checker{set: s, names: map[string]string{}}
	if _, err := time.LoadLocation(s.TimeZone); err != nil {
		c.fault("time_zone", "bad_time_zone", "Write an IANA name, such as Asia/Shanghai.", "%q is no time zone.", clip(s.TimeZone))
	}
	for name, merchants := range s.Groups {
		c.filled("groups."+clip(name), name)
		for i, m := range merchants {
			c.filled(at("groups."+clip(name), i), string(m))
		}
	}
	for name, countries := range s.Areas {
		path := "areas." + clip(name)
		c.filled(path, name)
		if isCountry(name) {
			c.fault(path, "bad_area", "Call it something else than two capital letters.", "An area cannot be called as a country is.")
		}
		for i, country := range countries {
			c.country(at(path, i), country)
		}
	}
	c.accounts()
	c.rules()
	c.fallback()
	c.health()
	return c.faults
}

func (c *checker) fault(path, code, remedy, format string, args ...any) {
	c.faults = append(c.faults, Fault{Path: path, Code: code, Message: fmt.Sprintf(format, args...), Remedy: remedy})
}

// filled refuses an empty text.
func (c *checker) filled(path, text string) {
	if strings.TrimSpace(text) == "" {
		c.fault(path, "empty", "Write its name, or leave it out.", "It is empty.")
	}
}

func (c *checker) rules() {
	for i, d := range c.set.Designated {
		path := at("designated", i)
		c.named(path, d.Name)
		c.filled(path+".account", d.Account)
		c.condition(path+".when", &d.When, 0)
	}
	for i := range c.set.Static {
		c.static(at("static", i), &c.set.Static[i])
	}
	for i := range c.set.Dynamic {
		c.dynamic(at("dynamic", i), &c.set.Dynamic[i])
	}
}

// named wants a name of a rule's own: explanations call it by that, and splits draw by it.
func (c *checker) named(path, name string) {
	c.filled(path+".name", name)
	if other, taken := c.names[name]; taken && name != "" {
		c.fault(path+".name", "name_taken", "Give every rule a name of its own.", "%s is called %s, too.", other, clip(name))
	}
	c.names[name] = path
}

func (c *checker) static(path string, rule *StaticRule) {
	c.named(path, rule.Name)
	c.condition(path+".when", &rule.When, 0)
	c.needs(path, rule.Needs)
	if rule.Order != "" && rule.Order != OrderListed && rule.Order != OrderDynamic {
		c.fault(path+".order", "bad_order", "Write listed or dynamic.", "%q is no order.", clip(string(rule.Order)))
	}
	if len(rule.Use) == 0 && len(rule.Channels) == 0 && !rule.Final {
		c.fault(path, "no_accounts", "Give it use or channels; to refuse what it matches, write final: true.", "The rule names no accounts.")
	}
	for i, name := range rule.Use {
		c.filled(at(path+".use", i), name)
	}
	for i, name := range rule.Channels {
		c.filled(at(path+".channels", i), name)
	}
}

func (c *checker) dynamic(path string, rule *DynamicRule) {
	c.named(path, rule.Name)
	c.condition(path+".when", &rule.When, 0)
	c.needs(path, rule.Needs)
	if (len(rule.Split) > 0) == (rule.Score != nil) {
		c.fault(path, "split_or_score", "Give it one of them.", "A dynamic rule has a split or a score.")
	}
	for i, name := range rule.Among {
		c.filled(at(path+".among", i), name)
	}
	sum := 0.0
	for name, weight := range rule.Split {
		c.filled(path+".split."+clip(name), name)
		if !(weight >= 0 && weight <= math.MaxInt32) {
			c.fault(path+".split."+clip(name), "bad_weight", "Write a percentage, or any number from 0.", "%v is no weight.", weight)
		}
		sum += math.Abs(weight)
	}
	if len(rule.Split) > 0 && sum == 0 {
		c.fault(path+".split", "bad_weight", "Give one of the accounts a weight.", "Nobody has a share.")
	}
	if w := rule.Score; w != nil {
		for name, one := range map[string]float64{"success": w.Success, "cost": w.Cost, "latency": w.Latency} {
			if !(one >= 0 && one <= math.MaxInt32) {
				c.fault(path+".score."+name, "bad_weight", "Write a number from 0.", "%v is no weight.", one)
			}
		}
		if *w == (Weights{}) {
			c.fault(path+".score", "bad_weight", "Give success, cost or latency a weight.", "Nothing has a weight.")
		}
	}
	if !(rule.Explore >= 0 && rule.Explore <= 0.2) {
		c.fault(path+".explore", "bad_share", "Write a share from 0 to 0.2.", "%v of payments is no share to explore with.", rule.Explore)
	} else if rule.Explore > 0 && rule.Score == nil {
		c.fault(path+".explore", "bad_share", "Leave it out: a split gives every account its payments.", "Only a score explores.")
	}
}

func (c *checker) needs(path string, needs []Feature) {
	for i, f := range needs {
		if f.bit() == 0 {
			c.fault(at(path+".needs", i), "unknown_feature", "Write one of "+listed(AllFeatures())+".", "%q is no feature.", clip(string(f)))
		}
	}
}

func (c *checker) fallback() {
	f, given := c.set.Fallback, 0
	for _, is := range []bool{len(f.Use) > 0, f.All, f.Refuse} {
		if is {
			given++
		}
	}
	if given != 1 {
		c.fault("fallback", "bad_fallback", "Give it one of use (accounts), all: true and refuse: true.", "It has to say who is asked where no rule applies.")
	}
	for i, name := range f.Use {
		c.filled(at("fallback.use", i), name)
	}
}

func (c *checker) health() {
	h := c.set.Health
	for name, share := range map[string]float64{"fail": h.Fail, "recover": h.Recover, "probe": h.Probe} {
		if !(share >= 0 && share <= 1) {
			c.fault("health."+name, "bad_share", "Write a share from 0 to 1.", "%v is no share.", share)
		}
	}
	if full := h.OrDefault(); full.Fail <= 1 && full.Fail > full.Recover {
		c.fault("health.recover", "bad_share", "Let recover be the larger.", "What recovers at %v would be failing at %v.", full.Recover, full.Fail)
	}
	for name, d := range map[string]time.Duration{"window": h.Window, "latency": h.Latency, "probe_after": h.ProbeAfter} {
		if d < 0 {
			c.fault("health."+name, "bad_duration", "Write one such as 30s.", "%v is no length of time.", d)
		}
	}
	if h.Least < 0 || h.Successes < 0 {
		c.fault("health", "bad_count", "Write a number from 1.", "least and successes count payments.")
	}
}

func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// clip shortens what a message quotes.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func listed[S ~string](words []S) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ", ")
}

func (c *checker) country(path, country string) {
	if !isCountry(country) {
		c.fault(path, "bad_country", "Write two capital letters as ISO 3166-1 has them, such as CN; ZZ is where nobody knows.", "%q is no country.", clip(country))
	}
}

// places are countries and areas.
func (c *checker) places(path string, list []string) {
	for i, place := range list {
		if _, ok := c.set.Areas[place]; !ok && !isCountry(place) {
			c.fault(at(path, i), "unknown_area", "Write two capital letters, or one of the areas of this document.", "%q is neither a country nor an area.", clip(place))
		}
	}
}

func (c *checker) groups(path string, list []string) {
	for i, name := range list {
		if _, ok := c.set.Groups[name]; !ok {
			c.fault(at(path, i), "unknown_group", "Write one of the groups of this document.", "There is no group %q.", clip(name))
		}
	}
}

func (c *checker) methods(path string, list []paymux.MethodType) {
	for i, m := range list {
		if !slices.Contains(paymux.MethodTypes(), m) {
			c.fault(at(path, i), "unknown_method", "Write one of "+listed(paymux.MethodTypes())+".", "%q is no method.", clip(string(m)))
		}
	}
}

func (c *checker) currencies(path string, list []paymux.Currency) {
	for i, one := range list {
		c.currency(at(path, i), one)
	}
}

func (c *checker) currency(path string, one paymux.Currency) {
	if !one.Valid() {
		c.fault(path, "unknown_currency", "Write an ISO 4217 code, such as CNY.", "%q is no currency.", clip(string(one)))
	}
}
