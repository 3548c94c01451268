package main

// statisticsWords are what readers of statistics read.
func statisticsWords() map[string][2]string {
	return map[string][2]string{
		"statistics.short": {"Counts, amounts, success rates and latencies", "笔数、金额、成功率与时延统计"},
		"statistics.long": {
			`What happened in each minute, hour or day (UTC), by merchant, channel, account, method or region.

Each thing is counted when it happens, and what comes later (a refund, late money) later, so that numbers add up and equal a
recount of the orders. Minutes are kept for 3 days, hours for 90, days for good. Asks with the operators' token, or, with
--own, with the merchant's key.`,
			`按商户、通道、账户、支付方式或区域统计每分钟、每小时或每天（UTC）发生的事项。

每件事在发生时计入；之后的退款、迟到的款项在其发生时另计，因此数字可以相加，并与订单逐笔复核一致。
分钟数据保留 3 天，小时数据保留 90 天，按天数据永久保留。默认使用运营方令牌；加 --own 则使用商户密钥。`,
		},
		"statistics.from":      {"of this time on: RFC 3339, or how long ago, such as 6h (default: an hour of minutes, a day of hours, 30 days)", "起始时间：RFC 3339，或多久以前，如 6h（默认：分钟为一小时，小时为一天，天为 30 天）"},
		"statistics.to":        {"before this time (default: now)", "截止时间（默认：现在）"},
		"statistics.every":     {"minute, hour or day", "统计间隔：minute、hour 或 day"},
		"statistics.group":     {"tell apart by merchant, mode, region, channel, account, method", "分组维度：merchant、mode、region、channel、account、method"},
		"statistics.only":      {"of this one only", "仅统计此项"},
		"statistics.own":       {"the merchant's own numbers", "商户自己的数据"},
		"statistics.none":      {"Nothing happened in this time.", "该时段内没有数据。"},
		"statistics.as-of":     {"All that was committed until %s is counted.", "已计入 %s 之前提交的全部数据。"},
		"statistics.total":     {"all", "合计"},
		"statistics.at":        {"FROM", "起始"},
		"statistics.created":   {"CREATED", "创建"},
		"statistics.succeeded": {"SUCCEEDED", "成功"},
		"statistics.amount":    {"AMOUNT", "成功金额"},
		"statistics.unpaid":    {"UNPAID", "未付"},
		"statistics.rate":      {"RATE", "成功率"},
		"statistics.refunded":  {"REFUNDED", "退款金额"},
		"statistics.disputed":  {"DISPUTED", "争议"},
		"statistics.tried":     {"TRIED", "尝试"},
		"statistics.faults":    {"NOT OK", "未成"},
		"statistics.answer":    {"ANSWER P50/P95", "应答 P50/P95"},
		"statistics.success":   {"SUCCESS P50/P95", "到账 P50/P95"},
	}
}
