package main

// channelWords are what operators of channels read.
func channelWords() map[string][2]string {
	return map[string][2]string{
		"channel.short": {
			"See and steer the channels' service packages",
			"查看并管理各通道的服务包",
		},
		"channel.long": {
			`What runs of each channel, which share of the payments each version gets, and what came of it.

A version on trial (canary) is rolled back by itself once its calls fail, or its payments are
declined, significantly more often than the stable version's: within 10 of its payments when
all of them fail, within 40 when half of them do.`,
			`查看每个通道正在运行的版本、各版本分到的支付比例及其结果。

试用版本（金丝雀）的失败率或拒绝率显著高于稳定版本时会自动回滚：
全部失败时在其 10 笔支付之内，一半失败时在其 40 笔支付之内。`,
		},
		"topology.short": {"Show which processes there are, in which role, version and state, and which routing rules nodes go by", "查看有哪些进程，及其角色、版本和状态，以及各节点采用的路由规则"},
		"topology.long": {
			`Reads the registry with the nats keys of a configuration; an operator's credentials will do. A process that
died is gone from the list within seconds.`,
			`使用配置中的 nats 项读取注册表；操作员凭据即可。已退出的进程会在数秒内从列表消失。`,
		},
		"topology.embedded": {"nats.url is empty there: with everything in one process there is nobody else to show", "该配置的 nats.url 为空：所有角色在同一进程中，没有其他进程可显示"},
		"topology.nobody":   {"The registry does not answer; is a node running?", "注册表没有应答；节点是否在运行？"},
		"topology.primary":  {"primary of group %s", "%s 组的主用前端"},
		"topology.standby":  {"standby of group %s", "%s 组的备用前端"},
		"topology.rules":    {"rules %d", "路由规则版本 %d"},
		"topology.refused":  {"refuses rules %d: %s", "拒绝路由规则版本 %d：%s"},
		"topology.usage":    {"%d requests/s", "每秒 %d 个请求"},
		"channel.list":      {"List channels, versions and their records", "列出通道、版本及其记录"},
		"channel.try":       {"Put a version on trial with a share of the payments", "让一个版本以一定比例试用"},
		"channel.promote":   {"Make a version the stable one", "将一个版本设为稳定版本"},
		"channel.withdraw":  {"Take everything from a version; of the canary: roll it back", "停用一个版本；对试用版本即为回滚"},
		"channel.kill":      {"Let a channel take no new payments; what is under way goes on", "让通道停止接收新支付；进行中的继续处理"},
		"channel.revive":    {"Let a channel take payments again", "让通道重新接收支付"},
		"channel.shadow":    {"Have a version asked every query, too, without believing it; without VERSION: end that", "让一个版本同时接受所有查询但不采信其结果；不带 VERSION 则结束"},
		"channel.percent":   {"how many of a hundred payments the canary gets", "试用版本分到的支付百分比"},
		"channel.stable":    {"the version that keeps the rest (default: the one that is stable now)", "其余支付所用的版本（默认：当前稳定版本）"},
		"channel.reason":    {"kept with the decision", "随决定一并保存的原因"},
		"channel.version": {
			"version %s  %s  %d instances  %d calls, %d failed; %d of %d payments declined",
			"版本 %s  %s  %d 个实例  %d 次调用，失败 %d 次；拒绝 %d 笔，共 %d 笔支付",
		},
		"channel.unknown-code": {"%s does not know the institution's code %q; it came %d times", "%s 不认识机构代码 %q，已出现 %d 次"},
		"channel.withdrawn":    {"withdrawn: %s at %s by %s: %s", "已停用：%s，时间 %s，操作者 %s：%s"},
		"channel.shadowed":     {"shadow %s: asked %d times, %d answers differ %s", "影子版本 %s：查询 %d 次，%d 次结果不同 %s"},
	}
}
