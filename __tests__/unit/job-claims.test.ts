import { expect, it } from '@jest/globals'
import { readJobClaims } from '../../emulator/action/job-claims.ts'

it.each([
  ['a branch', 'refs/heads/main', 'repo:octo/sensors:ref:refs/heads/main'],
  ['a tag', 'refs/tags/v1', 'repo:octo/sensors:ref:refs/tags/v1'],
  ['a pull request', 'refs/pull/7/merge', 'repo:octo/sensors:pull_request'],
])('the subject of a job on %s', (_, ref, subject) => {
  const env = { GITHUB_REPOSITORY: 'octo/sensors', GITHUB_REF: ref }
  expect(readJobClaims(env)).toEqual({ subject, claims: { repository: 'octo/sensors', ref } })
})

it('variables of the runner become claims, even empty ones, but unset ones do not', () => {
  const { claims } = readJobClaims({ GITHUB_WORKFLOW_REF: 'w', GITHUB_BASE_REF: '', HOME: '/root' })
  expect(claims).toEqual({ workflow_ref: 'w', job_workflow_ref: 'w', base_ref: '' })
})

it('the subject is undefined outside a workflow', () => {
  expect(readJobClaims({})).toEqual({ claims: {} })
})
