import { defineAgent } from 'aura-orchestration'

/** Remembers every incident, and tells which earlier ones were like it. */
const historian = defineAgent({
  type: 'historian',
  actions: {
    compare: {
      effect: 'idempotent',
      run: async (incident: { what: string }, { memory, idempotencyKey }) => {
        const like = await memory.recall(incident.what, { where: { team: 'sre' }, limit: 3 })
        memory.put(idempotencyKey, incident, { text: incident.what, metadata: { team: 'sre' } })
        return { seen: like.map(({ key, score }) => ({ key, score })) }
      },
    },
  },
})

/** Two steps that share the notes of their execution. */
const planner = defineAgent({
  type: 'planner',
  actions: {
    begin: {
      effect: 'read',
      run: (_, ctx) => {
        ctx.memory.working.set('plan', ['look', 'ask'])
        return null
      },
    },
    finish: {
      effect: 'read',
      run: async (_, ctx) => {
        ctx.memory.working.update('plan', (plan) => [...(plan as string[]), 'decide'])
        const plan = await ctx.memory.working.get('plan') // null when there is none
        return { plan }
      },
    },
  },
})

export default [historian, planner]
