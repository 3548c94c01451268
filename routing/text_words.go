package routing

import (
	"maps"

	"github.com/paymux/paymux"
)

// TextWords are what explanations say, English first, then Simplified Chinese, for programs that read them.
func TextWords() map[string][2]string { return maps.Clone(textWords) }

// textWords are what explanations say, English first, then Simplified Chinese.
var textWords = map[string][2]string{
	"set":             {"Rule set %s, version %d.", "规则集 %s，版本 %d。"},
	"set at":          {"Rule set %s, version %d, at %s.", "规则集 %s，版本 %d，时间 %s。"},
	"rule":            {"Rule: %s.", "规则：%s。"},
	"reason":          {"Reason: %s.", "原因：%s。"},
	"kind designated": {"Designated: %s.", "指定：%s。"},
	"kind static":     {"Static rule: %s.", "静态规则：%s。"},
	"kind dynamic":    {"Dynamic rule: %s.", "动态规则：%s。"},
	"kind fallback":   {"No rule matched: the fallback.", "没有匹配的规则：采用兜底。"},
	"ranker":          {"It leaves the order to the dynamic rule: %s.", "顺序由动态规则决定：%s。"},
	"by listed":       {"Ordered as they are listed.", "排序依据：所列顺序。"},
	"by split":        {"Ordered by the draw of the payer, weighed by shares.", "排序依据：按份额为付款人抽签。"},
	"by score":        {"Ordered by score.", "排序依据：得分。"},
	"by priority":     {"Ordered by priority.", "排序依据：优先级。"},
	"inputs":          {"Also known: %s.", "另外已知：%s。"},
	"bin":             {"card number %s", "卡号开头 %s"},
	"object":          {"transaction object in %s", "交易对象国家 %s"},
	"payer":           {"payer %s", "付款人 %s"},
	"network":         {"card network %s", "卡组织 %s"},
	"card number":     {"the card's number was given", "提供了卡号"},
	"card token":      {"a card token was given", "提供了卡令牌"},
	"draw":            {"draw %s", "随机数 %s"},
	"exploring":       {"Share of payments in which another than the best has its turn: %s.", "轮到非最优账户试探的支付比例：%s。"},
	"probing":         {"Share of payments in which each probing account has its turn: %s.", "轮到每个探测中账户的支付比例：%s。"},
	"order":           {"Tried in this order:", "按此顺序尝试："},
	"refused":         {"Nobody is left: the payment is refused.", "没有可用账户：支付被拒绝。"},
	"dropped":         {"Left out:", "已排除："},
	"health normal":   {"normal", "正常"},
	"health probing":  {"probing", "探测中"},
	"health abnormal": {"abnormal", "异常"},
	"of the fallback": {"of the fallback", "来自兜底"},
	"share":           {"share %s", "份额 %s"},
	"score":           {"score %s", "得分 %s"},
	"success":         {"success %s in %s payments", "成功率 %s，共 %s 笔"},
	"cost":            {"fee %d", "费用 %d"},
	"latency":         {"latency %d ms", "延迟 %d 毫秒"},
	"priority":        {"priority %d", "优先级 %d"},
	"place":           {"place %d", "位次 %d"},
	"first explore":   {"%s comes first in its turn, to learn how it does; the next is the best.", "%s 排在首位：轮到试探它，以了解其表现；下一个才是最优。"},
	"first probe":     {"%s comes first in its turn, to see whether it has recovered.", "%s 排在首位：轮到探测它是否已恢复。"},
	"first alone":     {"%s comes first: nobody else is left.", "%s 排在首位：没有其他可用账户。"},
	"first healthier": {"%s comes first: %s would, but it is %s.", "%s 排在首位：本应是 %s，但其状态为%s。"},
	"first listed":    {"%s comes first: it is named first.", "%s 排在首位：它列在最前。"},
	"first split":     {"%s comes first: it has the payer's best draw.", "%s 排在首位：该付款人抽中它。"},
	"first score":     {"%s comes first: it has the best score.", "%s 排在首位：得分最高。"},
	"first priority":  {"%s comes first: it has the lowest number of priority among equals.", "%s 排在首位：同等条件下优先级数字最小。"},
	"first place":     {"%s comes first: it is named before its equals.", "%s 排在首位：同等条件下排列在前。"},
	"failover":        {"Failed over from %s to %s: %s.", "由 %s 转到 %s：%s。"},
	"failover at":     {"Failed over from %s to %s: %s; at %s.", "由 %s 转到 %s：%s；时间 %s。"},
	"dropped with":    {"%s (%s)", "%s（%s）"},

	"not named":             {"the rule %s does not name it", "规则 %s 未列出它"},
	"outranked by abnormal": {"it is abnormal", "它处于异常状态"},
	"outranked by probing":  {"it is probing", "它处于探测状态"},
	"outranked by explore":  {"another has its turn to be explored", "轮到试探另一个账户"},
	"outranked by probe":    {"another has its turn to be probed", "轮到探测另一个账户"},
	"outranked by listed":   {"another is named before it", "另一个账户列在它之前"},
	"outranked by split":    {"the payer's draw fell on another", "该付款人抽中另一个账户"},
	"outranked by score":    {"another has a better score", "另一个账户得分更高"},
	"outranked by priority": {"another comes first by priority", "另一个账户优先级更高"},

	"the set":        {"The set", "规则集"},
	"of accounts":    {"Account %s", "账户 %s"},
	"of designated":  {"Designation %s", "指定 %s"},
	"of static":      {"Static rule %s", "静态规则 %s"},
	"of dynamic":     {"Dynamic rule %s", "动态规则 %s"},
	"of groups":      {"Group %s", "商户组 %s"},
	"of areas":       {"Area %s", "地区组 %s"},
	"added":          {"%s is new: %s", "%s 为新增：%s"},
	"removed":        {"%s is gone", "%s 已删除"},
	"moved":          {"%s moved from place %s to %s", "%s 从第 %s 位移到第 %s 位"},
	"member added":   {"%s: %s has %s, new", "%s：%s 新增 %s"},
	"member removed": {"%s: %s no longer has %s", "%s：%s 不再包含 %s"},
	"member changed": {"%s: %s is %s, was %s", "%s：%s 现为 %s，原为 %s"},
}

// why tells what excluded a candidate.
func (t *teller) why(c *paymux.Candidate) string {
	text := c.Dropped
	if words := dropWords[c.Code]; words != "" && t.lang == chinese && c.Code != DropDown {
		text = words // what is down says itself why, in English
	}
	if c.Detail != "" {
		text = t.say("dropped with", text, c.Detail)
	}
	return text
}

// dropWords are the texts of drops, by code, in Simplified Chinese.
var dropWords = map[string]string{
	DropUnknown:          "未配置",
	DropTried:            "已尝试过",
	DropNotAllowed:       "该商户不可使用",
	"not_taken":          "不支持该支付方式和币种",
	DropDown:             "暂不可用",
	"disabled":           "已被规则停用",
	"no_manual_capture":  "不支持预授权后请款",
	"no_card_tokens":     "不支持卡令牌",
	"no_card_numbers":    "不支持卡号",
	"feature_missing":    "缺少规则要求的功能",
	"method_excluded":    "规则不允许其处理该支付方式",
	"currency_excluded":  "规则不允许其处理该币种",
	"client_excluded":    "规则不允许其处理该国家的付款人",
	"amount_below_limit": "金额低于下限",
	"amount_above_limit": "金额高于上限",
	"outside_hours":      "当前时段不开放",
	"merchant_blocked":   "已对该商户屏蔽",
	DropQuota:            "当日配额已用完",
}
