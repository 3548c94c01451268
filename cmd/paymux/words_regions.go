package main

// regionsWords are what operators of several regions read.
func regionsWords() map[string][2]string {
	return map[string][2]string{
		"regions.short": {"See and steer which region new payments go to", "查看并管理新支付分配到哪个区域"},
		"regions.long": {
			`Reads and changes the assignment list (docs/regions.md) with the nats keys of a configuration; an operator's
credentials will do. A change waits until every frontend says that it goes by it. Nothing has to be restarted, and requests
under way end where they began.`,
			`使用配置中的 nats 项读取和修改分配表（docs/regions.md）；操作员凭据即可。修改后会等待每个前端确认已采用新表。
无需重启任何进程，进行中的请求在原处完成。`,
		},
		"regions.embedded":     {"nats.url is empty there: with everything in one process there is one region alone", "该配置的 nats.url 为空：所有角色在同一进程中，只有一个区域"},
		"regions.show":         {"Show the list in force, or one of the versions before it", "显示当前分配表，或之前的某个版本"},
		"regions.history":      {"Show who changed the list, when and why", "显示分配表的修改记录：何人、何时、为何"},
		"regions.draft":        {"Print a list to begin with, of the regions that have nodes", "根据已有节点的区域生成一份初始分配表"},
		"regions.check":        {"Say all that is wrong with a list, without using it", "检查分配表的所有错误，但不启用"},
		"regions.apply":        {"Put a list into force", "启用一份分配表"},
		"regions.move":         {"Send all that is new of merchants to one region", "将若干商户的全部新支付转到一个区域"},
		"regions.unmove":       {"Let the rules decide again where merchants' payments go", "恢复由规则决定这些商户的支付去向"},
		"regions.weight":       {"Give a region another share; 0 takes nothing new", "修改一个区域的权重；0 表示不接收新支付"},
		"regions.rollback":     {"Put an earlier version into force again", "重新启用之前的版本"},
		"regions.by":           {"who changes it, for the history; your user name unless told otherwise", "修改人，写入记录；默认是当前用户名"},
		"regions.reason":       {"why; kept with the change", "修改原因，随修改一并保存"},
		"regions.dry":          {"print the list as it would be, and change nothing", "只打印修改后的分配表，不做修改"},
		"regions.to":           {"the region they go to", "目标区域"},
		"regions.why":          {"Say why with --reason: it is kept in the history", "请用 --reason 说明原因：会保存在记录中"},
		"regions.fine":         {"%s can be used: %d regions, %d rules", "%s 可以使用：%d 个区域，%d 条规则"},
		"regions.none":         {"There is no assignment list: each frontend gives everything to its own region. Begin with: paymux regions draft", "尚无分配表：每个前端把所有请求交给自己的区域。可从 paymux regions draft 开始"},
		"regions.unknown":      {"the list has no region %q", "分配表中没有区域 %q"},
		"regions.weight.bad":   {"%q is no weight: write a number from 0 to 1000000", "%q 不是权重：请写 0 到 1000000 之间的数"},
		"regions.conflict":     {"Somebody else has changed the list meanwhile. Nothing was changed; look at it and try again", "分配表刚被他人修改。未做任何改动；请查看后重试"},
		"regions.done":         {"Version %d is in force at %d frontends, after %s", "版本 %d 已在 %d 个前端生效，用时 %s"},
		"regions.behind":       {"%d frontends have not said within %s that they go by it: %v", "有 %d 个前端在 %s 内没有确认采用：%v"},
		"regions.version.bad":  {"%q is no version: paymux regions history has them", "%q 不是版本号：见 paymux regions history"},
		"regions.version.none": {"Version %d is not kept: paymux regions history has those that are", "版本 %d 没有保存：见 paymux regions history"},
		"regions.in.force":     {"version %d, %s, by %s: %s", "版本 %d，%s，修改人 %s：%s"},
	}
}
