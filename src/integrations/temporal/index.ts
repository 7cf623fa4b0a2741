export { aesGcmCodec, type PayloadKeys } from './aes-gcm-codec.ts'
