// What other modules may use. In SQL they join projects as `p` and say `p.deleted_at is null` and visibleProject(who).
export { allocateNumber, BoardRow, boardColumns, findBoard, isDone, judgeRole, projectScope, requireActive, requireRole, roleIn, shareColumns, sharesColumns, visibleProject, writer, type Board } from './roles.ts'
export type { Column, Project, ProjectRole } from './schema.ts'
