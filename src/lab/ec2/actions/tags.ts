import { ApiError, invalidValue, missingParameter } from '../errors.ts'
import type { Region } from '../model.ts'
import { list, type Params, structures } from '../protocol.ts'
import { checkExists, checkForm, kindOf } from '../resources.ts'
import type { Action } from './action.ts'

// Limits: "Tag your Amazon EC2 resources" in EC2's user guide.
const LONGEST_KEY = 128
const LONGEST_VALUE = 256
const MOST_TAGS = 50

/** The resources to tag or untag. @throws ApiError for malformed ids */
function resourceIds(params: Params): string[] {
  const ids = list(params, 'ResourceId')
  if (ids.length === 0) throw missingParameter('ResourceIdSet')
  for (const id of ids) {
    const kind = kindOf(id)
    if (kind === undefined) throw new ApiError('InvalidID', `The ID '${id}' is not valid`)
    checkForm(kind, id)
  }
  return ids
}

/** Fails unless all resources exist, so that none is changed. */
function existing(region: Region, params: Params): string[] {
  const ids = resourceIds(params)
  for (const id of ids) {
    const kind = kindOf(id)
    if (kind !== undefined) checkExists(region, kind, [id])
  }
  return ids
}

function requestedTags(params: Params): { key: string; value: string | undefined }[] {
  return structures(params, 'Tag').map(({ Key: key = '', Value: value }) => {
    if (key === '') throw missingParameter('Tag.Key')
    if (key.toLowerCase().startsWith('aws:')) {
      throw new ApiError('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use")
    }
    if (key.length > LONGEST_KEY) {
      throw invalidValue('Tag.Key', key, `The maximum length of a tag key is ${LONGEST_KEY} characters.`)
    }
    if (value !== undefined && value.length > LONGEST_VALUE) {
      throw invalidValue('Tag.Value', value, `The maximum length of a tag value is ${LONGEST_VALUE} characters.`)
    }
    return { key, value }
  })
}

const createTags: Action['run'] = ({ region, params }) => {
  const ids = existing(region, params)
  const tags = requestedTags(params)
  if (tags.length === 0) throw missingParameter('Tag')
  const changed = ids.map((id) => {
    const ofResource = new Map(region.tags.get(id))
    for (const { key, value = '' } of tags) ofResource.set(key, value)
    if (ofResource.size > MOST_TAGS) {
      throw new ApiError('TagLimitExceeded', `The maximum number of tags of ${id} is ${MOST_TAGS}.`)
    }
    return [id, ofResource] as const
  })
  for (const [id, ofResource] of changed) region.tags.set(id, ofResource)
  return { return: true }
}

/** Deletes a key whatever its value, or, given a value, only if it matches; without keys, deletes all tags. */
const deleteTags: Action['run'] = ({ region, params }) => {
  const ids = existing(region, params)
  const tags = requestedTags(params)
  for (const id of ids) {
    const ofResource = region.tags.get(id)
    if (tags.length === 0) ofResource?.clear()
    for (const { key, value } of tags) {
      if (value === undefined || ofResource?.get(key) === value) ofResource?.delete(key)
    }
  }
  return { return: true }
}

/** Calls that write tags. */
export const tagActions: Record<string, Action> = {
  CreateTags: { resources: resourceIds, requestTags: requestedTags, run: createTags },
  DeleteTags: { resources: resourceIds, requestTags: requestedTags, run: deleteTags },
}
