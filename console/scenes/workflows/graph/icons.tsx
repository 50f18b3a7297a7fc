// The icon of a node type: its own where it has one, else its primitive's.
import { ArrowLeftRight, Bell, Braces, CalendarClock, CheckCheck, Clock, Code, Database, Filter, FolderKanban, GitBranch, GitFork, Globe, Hand, Inbox, Mail, MessageSquare, Plug, Regex, Repeat, Rows3, ShieldCheck, Sigma, Split, SquareCheck, Merge, Users, Webhook, Workflow, Zap, type LucideIcon } from 'lucide-react'
import type { Primitive } from './drawn.ts'

const byType: Record<string, LucideIcon> = {
  'trigger.event': Zap, 'trigger.database': Database, 'trigger.schedule': CalendarClock, 'trigger.webhook': Webhook, 'trigger.manual': Hand, 'trigger.api': Code, 'trigger.email': Inbox, 'trigger.sms': MessageSquare,
  'action.api_call': Globe, 'action.email_send': Mail, 'action.notification': Bell, 'action.wait': Clock, 'action.approval': CheckCheck, 'action.custom': Code, 'action.db_query': Database, 'action.transform': ArrowLeftRight, 'action.workflow': Workflow, 'action.sub_workflow': Workflow,
  'condition.if_else': GitBranch, 'condition.filter': Filter, 'condition.switch': GitFork, 'condition.loop': Repeat, 'condition.regex': Regex, 'condition.json_path': Braces,
  'data.filter': Filter, 'data.merge': Merge, 'data.split': Split, 'data.aggregate': Sigma, 'data.validate': ShieldCheck,
}
const byNoun: Record<string, LucideIcon> = { tasks: SquareCheck, comments: MessageSquare, projects: FolderKanban, members: Users, invitations: Users, notifications: Bell, runs: Workflow, workflows: Workflow }
const byPrimitive: Record<Primitive, LucideIcon> = { trigger: Zap, action: SquareCheck, condition: GitBranch, data: Rows3, connection: Plug }

export function TypeIcon({ primitive, type, size = 16 }: { primitive: Primitive; type: string; size?: number }) {
  const Icon = byType[`${primitive}.${type}`] ?? byNoun[type.split('.')[0] ?? ''] ?? byPrimitive[primitive] ?? Zap
  return <Icon size={size} aria-hidden="true" />
}
